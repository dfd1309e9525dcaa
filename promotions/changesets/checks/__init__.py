"""Checks across objects, on documents and on what exists beside them. Pure."""
