"""Warehouses and the freight they find: what exists to be promoted. Never imports promotions."""
