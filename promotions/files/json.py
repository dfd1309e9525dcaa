"""Edit and read JSON documents; an edit leaves every byte alone that it does not mean.

Source: Kargo code `json_updater.go`, which edits with sjson: missing keys and parents are made, a new key goes right
before the closing brace, and what is not a map is replaced by one when a key leads through it.
Differs: a file that is no JSON is refused; a list is never filled up by more than MAX_PADDING nulls.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from promotions.files.documents import decode, refuse_binary, split_mark
from promotions.files.edits import Change, Edited
from promotions.files.errors import DocumentError
from promotions.files.keys import KeyPart
from promotions.files.numbers import write_number

MAX_PADDING = 1000

_QUERY_LETTERS = "*?#|@"
_BLANKS = re.compile(r"[ \t\r\n]*")
# What Go escapes beyond JSON's own rules, in strings that need escapes at all.
_GO_ESCAPES = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)
_NEEDS_ESCAPES = re.compile(r'[^\x20-\x7f]|["\\]')

Span = tuple[int, int]


def read_json(data: bytes) -> Any:
    """The document's value; whole numbers are ints. Raises DocumentError."""
    _, text = split_mark(decode(data))
    if not text.strip():
        raise DocumentError("it is empty")
    return _parse(text, json.JSONDecoder(parse_int=_read_int, parse_constant=_refuse_constant))


def update_json(data: bytes, updates: Sequence[tuple[str, Any]]) -> Edited:
    """Set values one after the other; an empty document becomes a map or a list.

    Raises DocumentError when the data is not JSON, a key is malformed or names no place in a list, or a value is
    no string, number or boolean.
    """
    mark, text = split_mark(decode(data))
    if text.strip():
        _parse(text, _SKIPPER)
    else:
        text = ""
    changes = []
    for key, value in updates:
        path = parse_path(key)
        try:
            new = write_value(value)
            text, before = _set(text, path, new)
        except DocumentError as error:
            raise DocumentError(f'key "{key}": {error}') from error
        changes.append(Change(key, before, json.dumps(value, ensure_ascii=False) if isinstance(value, str) else new))
    _parse(text, _SKIPPER)
    return Edited((mark + text).encode(), tuple(changes))


def write_value(value: object) -> str:
    """Spell a scalar as Go's JSON does. Raises DocumentError for null, a map or a list."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        if not _NEEDS_ESCAPES.search(value):
            return f'"{value}"'
        return json.dumps(value, ensure_ascii=False).translate(_GO_ESCAPES)
    if isinstance(value, int | float):
        return write_number(value)
    kind = "null" if value is None else "a map" if isinstance(value, dict) else "a list"
    raise DocumentError(f"the new value is {kind}; only strings, numbers and booleans can be set")


def parse_path(key: str) -> tuple[KeyPart, ...]:
    r"""Split a key at its dots: `\` takes the next letter literally, `:` in front makes a number a map's key.

    Raises DocumentError, also for the letters of queries.
    """
    parts: list[KeyPart] = []
    text, is_map_key, is_escaped = "", False, False
    for letter in f"{key.strip()}.":
        if is_escaped:
            text, is_escaped = text + letter, False
        elif letter == "\\":
            is_escaped = True
        elif letter == ".":
            if not text:
                raise DocumentError(f'key "{key}" has an empty part; write a dot inside a name as "\\."')
            parts.append(KeyPart(text, is_map_key))
            text, is_map_key = "", False
        elif letter == ":" and not text and not is_map_key:
            is_map_key = True
        elif letter in _QUERY_LETTERS:
            raise DocumentError(
                f'key "{key}": "{letter}" asks for a search, which is not possible here; '
                f'as part of a name write it as "\\{letter}"'
            )
        else:
            text += letter
    if is_escaped or text:
        raise DocumentError(f'key "{key}" ends with a backslash')
    return tuple(parts)


def _set(text: str, path: Sequence[KeyPart], new: str) -> tuple[str, str]:
    """The text with the new value at its place, and the text of the value that was there."""
    start, end = _span_of_root(text)
    for depth, part in enumerate(path):
        found = _find(text, start, part)
        if found is None:
            return text[:start] + _add(text[start:end], path[depth:], new) + text[end:], ""
        start, end = found
    return text[:start] + new + text[end:], text[start:end]


def _span_of_root(text: str) -> Span:
    start = _skip_blanks(text, 0)
    return (start, start) if start == len(text) else (start, _SKIPPER.raw_decode(text, start)[1])


def _find(text: str, start: int, part: KeyPart) -> Span | None:
    """Where the member of the map or list at `start` stands; of two with one name the first."""
    opening = text[start : start + 1]
    if opening == "{":
        return next((span for name, span in _list_members(text, start) if name == part.text), None)
    if opening == "[" and part.text.isascii() and part.text.isdigit():
        index = int(part.text) if len(part.text) < 10 else -1
        return next((span for place, span in enumerate(_list_items(text, start)) if place == index), None)
    return None


def _list_members(text: str, start: int) -> Iterator[tuple[str, Span]]:
    position = _skip_blanks(text, start + 1)
    while text[position] != "}":
        name, position = _SKIPPER.raw_decode(text, position)
        value = _skip_blanks(text, _skip_blanks(text, position) + 1)
        end = _SKIPPER.raw_decode(text, value)[1]
        yield name, (value, end)
        position = _skip_comma(text, end)


def _list_items(text: str, start: int) -> Iterator[Span]:
    position = _skip_blanks(text, start + 1)
    while text[position] != "]":
        end = _SKIPPER.raw_decode(text, position)[1]
        yield position, end
        position = _skip_comma(text, end)


def _add(old: str, path: Sequence[KeyPart], new: str) -> str:
    """The text of a value with a member more; what is no map and no list gives way to one."""
    part = path[0]
    if old[:1] not in ("{", "["):
        old = "[]" if part.index() is not None else "{}"
    body, closing = old[:-1], old[-1]
    comma = "," if body[1:].strip() else ""
    if closing == "}":
        return f"{body}{comma}{write_value(part.text)}:{_build(path[1:], new)}}}"
    length = sum(1 for _ in _list_items(old, 0))
    index = length if part.text == "-1" and not part.is_map_key else part.index()
    if index is None:
        raise DocumentError(f'"{part.text}" is no index of a list; write a number, or -1 for a new item at the end')
    return body + comma + _pad(index - length) + _build(path[1:], new) + "]"


def _build(path: Sequence[KeyPart], new: str) -> str:
    if not path:
        return new
    part, rest = path[0], _build(path[1:], new)
    if part.text == "-1" and not part.is_map_key:
        return f"[{rest}]"
    index = part.index()
    return f"{{{write_value(part.text)}:{rest}}}" if index is None else f"[{_pad(index)}{rest}]"


def _pad(count: int) -> str:
    if count > MAX_PADDING:
        raise DocumentError(f"the index lies {count} items behind the end of the list, the limit is {MAX_PADDING}")
    return "null," * count


def _skip_blanks(text: str, position: int) -> int:
    match = _BLANKS.match(text, position)
    return match.end() if match else position


def _skip_comma(text: str, position: int) -> int:
    position = _skip_blanks(text, position)
    return _skip_blanks(text, position + 1) if text[position] == "," else position


def _parse(text: str, decoder: json.JSONDecoder) -> Any:
    refuse_binary(text)
    try:
        return decoder.decode(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise DocumentError(f"it is not valid JSON in {where}: {error.msg}") from error
    except RecursionError as error:
        raise DocumentError("it is nested too deeply") from error


def _read_int(digits: str) -> int | float:
    # Thousands of digits take Python long, and longer ones it refuses.
    return int(digits) if len(digits) <= 1000 else float(digits)


def _refuse_constant(name: str) -> None:
    raise DocumentError(f"it holds {name}, which is not JSON; write a number, a string or null")


# Finds where values end; numbers stay text because nobody looks at them.
_SKIPPER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_refuse_constant)
