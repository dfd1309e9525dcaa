"""Values to JSON and to text, and JSON to values, the way templates and `toJSON` show them.

Source: Kargo docs, Expressions; Go package encoding/json.
Differs: keys that are no texts become their text forms, instead of being refused. Whole numbers up to 2^53 are
ints, so that `%` works on them; Kargo has floats only.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterator
from typing import Any

from expressions.budget import Budget, check_depth
from expressions.durations import Duration
from expressions.errors import ExpressionError
from expressions.layouts import RFC3339_NANO, format_time
from expressions.number_text import write_float, write_json_number
from expressions.times import NamedNumber, Time, Zone
from expressions.values import OpaqueValue, Record, Value, adopt, kind_of

MAX_EXACT_INT = 2**53
_ESCAPED = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def to_json(value: Value, budget: Budget | None = None) -> Any:
    """Convert to None, bool, int, float, str, list and dict (keys sorted) with no exotic values left.

    Times become RFC 3339 texts, durations nanoseconds, bytes base64. Raises ExpressionError for NaN and infinity.
    """
    return _to_json(value, budget or Budget(), 0)


def _to_json(value: Value, budget: Budget, depth: int) -> Any:
    budget.spend(1)
    value = adopt(value)
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return _json_number(value)
    if isinstance(value, dict | Record):
        check_depth(depth)
        budget.take_elements(len(value) if isinstance(value, dict) else len(value.fields))
        return {key: _to_json(item, budget, depth + 1) for key, item in _members(value)}
    if isinstance(value, list):
        check_depth(depth)
        budget.take_elements(len(value))
        return [_to_json(item, budget, depth + 1) for item in value]
    return _scalar_to_json(value)


def _json_number(value: float) -> int | float:
    if not math.isfinite(value):
        raise ExpressionError(f"{write_float(value)} cannot be written as JSON")
    return int(value) if value.is_integer() and abs(value) < 1e21 else value


def _scalar_to_json(value: Value) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Time):
        return format_time(value, RFC3339_NANO)
    if isinstance(value, Duration):
        return value.nanoseconds
    if isinstance(value, NamedNumber):
        return value.number
    if isinstance(value, Zone):
        return value.name
    if isinstance(value, OpaqueValue):
        return str(value)
    raise ExpressionError(f"{kind_of(value)} cannot be written as JSON")


def _members(value: dict[Any, Value] | Record) -> Iterator[tuple[str, Value]]:
    """Yield keys and values as JSON shows them: maps sorted by key, records in field order without empty fields."""
    if isinstance(value, Record):
        for name, item in value.fields.items():
            if not _is_empty(item):
                yield value.json_names.get(name, name), item
        return
    yield from _by_key(value)


def _by_key(value: dict[Any, Value]) -> list[tuple[str, Value]]:
    return sorted(((key_text(key), item) for key, item in value.items()), key=lambda pair: pair[0])


def _is_empty(value: Value) -> bool:
    value = adopt(value)
    return (
        value is None or value is False or (isinstance(value, int | float | str | list | dict | bytes) and not value)
    )


def key_text(key: Value) -> str:
    """Return the text of a map key."""
    return key if key.__class__ is str else text_form(key, Budget())


def write_text(text: str) -> str:
    """Write a text as a JSON literal with `<`, `>` and `&` escaped."""
    return json.dumps(text, ensure_ascii=False).translate(_ESCAPED)


def json_text(value: Value, budget: Budget, indent: str = "") -> str:
    """Write a value as JSON: compact, or with `indent` a level. Raises ExpressionError for NaN and infinity."""
    pieces: list[str] = []
    _write(to_json(value, budget), pieces, indent, "\n" if indent else "")
    text = "".join(pieces)
    budget.take_text(len(text))
    return text


def _write(value: Any, pieces: list[str], indent: str, newline: str) -> None:
    if isinstance(value, str):
        pieces.append(write_text(value))
    elif value is None or isinstance(value, bool):
        pieces.append({None: "null", True: "true", False: "false"}[value])
    elif isinstance(value, int):
        pieces.append(str(value))
    elif isinstance(value, float):
        pieces.append(write_json_number(value))
    elif not value:
        pieces.append("{}" if isinstance(value, dict) else "[]")
    else:
        _write_members(value, pieces, indent, newline)


def _write_members(value: Any, pieces: list[str], indent: str, newline: str) -> None:
    inner = newline + indent
    is_map = isinstance(value, dict)
    separator = "{" if is_map else "["
    for item in value:
        pieces.append(separator + inner)
        if is_map:
            pieces.append(write_text(item) + (": " if indent else ":"))
        _write(value[item] if is_map else item, pieces, indent, inner)
        separator = ","
    pieces.append(newline + ("}" if is_map else "]"))


def parse_json(text: str) -> Any:
    """Parse JSON; whole numbers up to 2^53 become ints, others floats. Raises ValueError."""
    try:
        return json.loads(text, parse_int=_read_int, parse_float=_read_float, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def shrink_number(number: float) -> int | float:
    """Make a whole number up to 2^53 an int."""
    return int(number) if number.is_integer() and abs(number) <= MAX_EXACT_INT else number


def _read_int(text: str) -> int | float:
    if len(text) <= 15:
        return int(text)
    return _read_float(text)


def _read_float(text: str) -> int | float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"number {text[:40]} is out of range")
    return shrink_number(number)


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is no JSON")


def text_form(value: Value, budget: Budget, depth: int = 0) -> str:
    """Write a value as `string(...)` does: `<nil>`, `[a b]`, `map[k:v]`, `1m30s`."""
    budget.spend(1)
    value = adopt(value)
    if not isinstance(value, list | dict | Record | bytes):
        return _scalar_text(value)
    check_depth(depth)
    if isinstance(value, bytes):
        value = list(value)
    if isinstance(value, list):
        text = " ".join(text_form(item, budget, depth + 1) for item in value)
    elif isinstance(value, Record):
        text = " ".join(text_form(item, budget, depth + 1) for item in value.fields.values())
    else:
        text = " ".join(f"{key}:{text_form(item, budget, depth + 1)}" for key, item in _by_key(value))
    budget.take_text(len(text))
    if isinstance(value, Record):
        return f"{{{text}}}"
    return f"map[{text}]" if isinstance(value, dict) else f"[{text}]"


def _scalar_text(value: Value) -> str:
    match value:
        case None:
            return "<nil>"
        case bool():
            return "true" if value else "false"
        case float():
            return write_float(value)
        case NamedNumber() | Zone():
            return value.name
        case Time():
            return format_time(value, "2006-01-02 15:04:05.999999999 -0700 MST")
    return str(value)
