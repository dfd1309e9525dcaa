"""Edit and read TOML documents; an edit leaves every byte alone that it does not mean.

Source: Kargo code `pkg/toml`; strings are written as Go's TOML library writes them.
Differs: a whole number stays a whole number where the document has one.
"""

import math
import re
import tomllib
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any
from uuid import uuid4

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Item

from promotions.files.documents import decode, refuse_binary, split_mark
from promotions.files.edits import Change, Edited
from promotions.files.errors import DocumentError
from promotions.files.keys import KeyPart, parse_key
from promotions.files.numbers import write_number

_NOT_LITERAL = re.compile("['\x00-\x08\x0a-\x1f\x7f]")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ESCAPED = re.compile('[\\\\"\x00-\x1f\x7f]')


def read_toml(data: bytes) -> dict[str, Any]:
    """The document's values; dates and times without a zone come as text. Raises DocumentError."""
    _, text = split_mark(decode(data))
    if not text.strip():
        raise DocumentError("it is empty")
    return {key: _plain(value) for key, value in _parse(text).items()}


def update_toml(data: bytes, updates: Sequence[tuple[str, Any]]) -> Edited:
    """Set values that exist; of two updates of one key the last wins.

    Raises DocumentError when the data is not TOML, a key does not lead to a single value, or a value is no string,
    number or boolean; then nothing is changed.
    """
    mark, text = split_mark(decode(data))
    values = _parse(text)
    wanted: dict[tuple[str, ...], tuple[tuple[KeyPart, ...], str]] = {}
    changes = []
    for key, value in updates:
        path = parse_key(key)
        old = _find(values, path, key)
        try:
            new = write_value(value, is_integer=isinstance(old, int) and not isinstance(old, bool))
        except DocumentError as error:
            raise DocumentError(f'key "{key}": {error}') from error
        wanted[tuple(part.text for part in path)] = (path, new)
        changes.append((key, path, new))
    edited, before = _splice(text, dict(wanted.values()))
    _parse(edited)
    shown = tuple(Change(key, before[path], new) for key, path, new in changes)
    return Edited((mark + edited).encode(), shown)


def write_value(value: object, *, is_integer: bool) -> str:
    """Spell a scalar as TOML; whole numbers as `1.0` unless `is_integer`. Raises DocumentError."""
    if isinstance(value, str):
        if _NOT_LITERAL.search(value):
            return '"' + _ESCAPED.sub(_escape, value) + '"'
        return f"'{value}'"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        if isinstance(value, float) and not math.isfinite(value):
            return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
        text = write_number(value)
        return text if is_integer or "." in text else f"{text}.0"
    kind = "null" if value is None else "a map" if isinstance(value, dict) else "a list"
    raise DocumentError(f"the new value is {kind}; only strings, numbers and booleans can be set")


def _find(values: dict[str, Any], path: Sequence[KeyPart], key: str) -> object:
    place: Any = values
    for part in path:
        if isinstance(place, dict) and part.text in place:
            place = place[part.text]
        elif isinstance(place, list):
            index = part.index()
            if index is None:
                raise DocumentError(f'key "{key}": "{part.text}" is no index of a list')
            if index >= len(place):
                raise DocumentError(f'key "{key}": index {index} is out of range, the list has {len(place)} items')
            place = place[index]
        else:
            raise DocumentError(f'key "{key}" does not exist: nothing named "{part.text}" is there')
    if isinstance(place, dict | list):
        what = "a table" if isinstance(place, dict) else "an array"
        raise DocumentError(f'key "{key}" does not address a single value but {what}')
    return place


def _splice(text: str, wanted: dict[tuple[KeyPart, ...], str]) -> tuple[str, dict[tuple[KeyPart, ...], str]]:
    """The text with new values, and the texts of the old ones.

    The library knows no positions. So each value gives way to a mark of its own; what the library then writes
    between the marks must be what stood there, and everything else is put together from the text itself.
    """
    salt = uuid4().hex
    old_texts: dict[str, tuple[tuple[KeyPart, ...], str]] = {}
    try:
        document = tomlkit.parse(text)
        for number, path in enumerate(wanted):
            name = f"{salt}-{number}"
            old = _exchange(document, path, tomlkit.string(name, literal=True))
            old_texts[f"'{name}'"] = (path, old)
        written = tomlkit.dumps(document)
    except (TOMLKitError, RecursionError) as error:
        raise DocumentError(f"it cannot be edited in place: {error}") from error
    pieces = re.split(f"('{salt}-[0-9]+')", written)
    if "".join(old_texts[piece][1] if piece in old_texts else piece for piece in pieces) != text:
        raise DocumentError("this part of the file cannot be edited in place; rewrite it by hand")
    edited = "".join(wanted[old_texts[piece][0]] if piece in old_texts else piece for piece in pieces)
    return edited, dict(old_texts.values())


def _exchange(document: Any, path: Sequence[KeyPart], new: Item) -> str:
    """Put a new item into the library's document; returns the text of the old one."""
    *parents, last = path
    holder = document
    for part in parents:
        holder = holder[int(part.text) if isinstance(holder, list) else part.text]
    place = int(last.text) if isinstance(holder, list) else last.text
    old = holder[place]
    holder[place] = new
    # Booleans come as Python's own, which have lost their text; it can only be one.
    return old.as_string() if isinstance(old, Item) else str(old).lower()


def _parse(text: str) -> dict[str, Any]:
    refuse_binary(text)
    try:
        return tomllib.loads(text)
    except ValueError as error:
        # The library's message ends with "(at line 3, column 5)".
        raise DocumentError(f"it is not valid TOML: {error}") from error
    except RecursionError as error:
        raise DocumentError("it is nested too deeply") from error


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    return value.isoformat() if isinstance(value, date | time) else value


def _escape(match: re.Match[str]) -> str:
    letter = match.group()
    return _ESCAPES.get(letter, f"\\u{ord(letter):04X}")
