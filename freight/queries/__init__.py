"""Reads for pages of warehouses, one file a page."""
