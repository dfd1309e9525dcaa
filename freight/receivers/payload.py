"""Reads JSON that strangers sent: what is missing is empty, what has another type than documented is refused."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from freight.receivers.base import not_understood


def read_json(body: bytes) -> Any:
    """Any JSON value. Raises Refused."""
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise not_understood() from None


def read_object(body: bytes) -> "Payload":
    """A JSON object; null is an empty one. Raises Refused."""
    value = read_json(body)
    if value is None:
        value = {}
    if not isinstance(value, dict):
        raise not_understood()
    return Payload(value)


class Payload:
    """One object of a payload. Every method raises Refused for a value of another type."""

    def __init__(self, value: Mapping[str, Any]) -> None:
        self._value = value

    def text(self, *path: str) -> str:
        """The text at a path; empty when it, or something on the way, is missing or null."""
        found = self._find(path)
        if found is None:
            return ""
        if not isinstance(found, str) or not is_storable(found):
            raise not_understood()
        return found

    def number(self, *path: str) -> int:
        """The whole number at a path; 0 when there is none."""
        found = self._find(path)
        if found is None:
            return 0
        if not isinstance(found, int) or isinstance(found, bool):
            raise not_understood()
        return found

    def part(self, *path: str) -> "Payload | None":
        """The object at a path, or None."""
        found = self._find(path)
        if found is None:
            return None
        if not isinstance(found, dict):
            raise not_understood()
        return Payload(found)

    def parts(self, *path: str) -> "list[Payload]":
        """The objects of a list; null in it is an empty object."""
        return [Payload(_as_object(item)) for item in self._list(path)]

    def texts(self, *path: str) -> list[str]:
        """The texts of a list."""
        found = self._list(path)
        if not all(isinstance(item, str) and is_storable(item) for item in found):
            raise not_understood()
        return found

    def _list(self, path: tuple[str, ...]) -> list[Any]:
        found = self._find(path)
        if found is None:
            return []
        if not isinstance(found, list):
            raise not_understood()
        return found

    def _find(self, path: tuple[str, ...]) -> Any:
        value: Any = self._value
        for key in path:
            if value is None:
                return None
            if not isinstance(value, dict):
                raise not_understood()
            value = value.get(key)
        return value


def is_storable(text: str) -> bool:
    """Can every database take this text? JSON may hold zero bytes and halves of surrogates."""
    return "\x00" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def list_changed_paths(commits: list[Payload]) -> tuple[str, ...]:
    """Every path that one of the commits added, modified or removed."""
    return tuple(sorted(set(_iterate_paths(commits))))


def peek(body: bytes, *keys: str) -> str:
    """The first text under one of the keys of an object, for naming an event; empty for anything else."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    found = (value.get(key) for key in keys) if isinstance(value, dict) else iter(())
    return next((text for text in found if isinstance(text, str) and text), "")


def _iterate_paths(commits: list[Payload]) -> Iterator[str]:
    for commit in commits:
        for key in ("added", "modified", "removed"):
            yield from commit.texts(key)


def _as_object(item: Any) -> Mapping[str, Any]:
    if item is None:
        return {}
    if not isinstance(item, dict):
        raise not_understood()
    return item


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError
