"""Texts from outside as every database takes them: without NUL characters and halves of surrogate pairs."""

from typing import Any


def make_storable(value: Any) -> Any:
    """The same JSON value, with what cannot be stored taken out of its texts."""
    if isinstance(value, str):
        return value if value.isascii() and "\0" not in value else _clean(value)
    if isinstance(value, dict):
        return {make_storable(key): make_storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(make_storable(item) for item in value)
    return value


def _clean(text: str) -> str:
    return text.replace("\0", "").encode(errors="replace").decode()
