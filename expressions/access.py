"""Reaching into values: `x.name`, `x[i]`, `x[a:b]`.

Source: expr docs, Language Definition; observed with the engine Kargo uses.
Differs: a slice that cuts a UTF-8 character in half shows replacement characters, as our texts are not bytes.
"""

from __future__ import annotations

import difflib

from expressions.errors import ExpressionError
from expressions.operators import map_key, plain
from expressions.values import EMPTY_OUTPUT, FreeMap, Record, StringMap, Value, adopt, kind_of


def fetch_member(base: Value, name: str) -> Value:
    """Return `base.name` as the host gave it. Raises ExpressionError if the base cannot have members."""
    if isinstance(base, dict):
        found = base.get(name)
        if found is None and base.__class__ is StringMap:
            return ""
        return found
    if isinstance(base, Record):
        return fetch_field(base, name)
    if base is EMPTY_OUTPUT:
        return None
    adopted = adopt(base)
    if adopted is None:
        raise ExpressionError(f"cannot fetch {name} from nil", hint=f"did you mean `?.{name}`?")
    if adopted is not base:
        return fetch_member(adopted, name)
    raise ExpressionError(f"cannot fetch {name} from {kind_of(base)}")


def fetch_field(record: Record, name: str) -> Value:
    """Return a field of a record. Raises ExpressionError for an unknown one."""
    try:
        return record.fields[name]
    except KeyError:
        hint = suggest(name, list(record.fields), "`.{}`")
        raise ExpressionError(f"{record.kind} has no field {name}", hint=hint) from None


def suggest(name: str, known: list[str], form: str) -> str:
    """Return a did-you-mean for a misspelt name, or an empty text."""
    by_lower = {each.lower(): each for each in known}
    close = difflib.get_close_matches(name.lower(), by_lower, n=1)
    return f"did you mean {form.format(by_lower[close[0]])}?" if close else ""


def fetch_item(base: Value, key: Value) -> Value:
    """Return `base[key]` as the host gave it. Raises ExpressionError for a wrong key or index."""
    if isinstance(base, dict):
        return _fetch_key(base, key)
    if isinstance(base, list):
        return base[_position(base, key)]
    if isinstance(base, Record) and key.__class__ is str:
        return fetch_field(base, key)
    if base is EMPTY_OUTPUT:
        return None
    adopted = adopt(base)
    if adopted is None:
        raise ExpressionError("cannot fetch an element from nil", hint="did you mean `?.[`?")
    if adopted is not base:
        return fetch_item(adopted, key)
    if isinstance(adopted, str | bytes):
        data = adopted.encode("utf-8", "replace") if isinstance(adopted, str) else adopted
        return data[_position(data, key)]
    raise ExpressionError(f"cannot fetch an element from {kind_of(base)}")


def _fetch_key(base: dict[str, Value], key: Value) -> Value:
    if key is None and not isinstance(base, FreeMap):
        return "" if base.__class__ is StringMap else None
    found = base.get(map_key(base, key))
    return "" if found is None and base.__class__ is StringMap else found


def _position(items: list[Value] | bytes, key: Value) -> int:
    key = plain(key)
    if key.__class__ is float and -(2.0**63) < key < 2.0**63:
        key = int(key)
    if key.__class__ is not int:
        raise ExpressionError(f"an index must be an int, not {kind_of(key)}")
    position = key + len(items) if key < 0 else key
    if not 0 <= position < len(items):
        raise ExpressionError(f"index {key} is out of range: there are {len(items)} elements")
    return int(position)


# A bound that is not written; nil is one that is wrong.
OPEN_END = object()


def cut(base: Value, start: Value, stop: Value) -> Value:
    """Return `base[start:stop]`; bounds out of range are moved to the ends, OPEN_END is an end."""
    base = adopt(base)
    if isinstance(base, str):
        if base.isascii():
            first, last = _bounds(start, stop, len(base))
            return base[first:last]
        data = base.encode("utf-8", "replace")
        first, last = _bounds(start, stop, len(data))
        return data[first:last].decode("utf-8", "replace")
    if isinstance(base, list | bytes):
        first, last = _bounds(start, stop, len(base))
        return base[first:last]
    raise ExpressionError(f"cannot slice {kind_of(base)}")


def _bounds(start: Value, stop: Value, length: int) -> tuple[int, int]:
    first = 0 if start is OPEN_END else _bound(start, length)
    last = length if stop is OPEN_END else _bound(stop, length)
    return first, max(first, last)


def _bound(value: Value, length: int) -> int:
    value = plain(value)
    if value.__class__ is float and -(2.0**63) < value < 2.0**63:
        value = int(value)
    if value.__class__ is not int:
        raise ExpressionError(f"a bound of a slice must be an int, not {kind_of(value)}")
    if value < 0:
        value += length
    return min(max(int(value), 0), length)
