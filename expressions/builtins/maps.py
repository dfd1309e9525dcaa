"""Builtins on maps, and those on anything that has elements.

Source: expr docs, Language Definition.
Differs: keys and values come sorted by key; the engine leaves the order open.
"""

from __future__ import annotations

from typing import Any

from expressions.access import fetch_member
from expressions.budget import Budget
from expressions.builtins.arguments import need_list, need_map
from expressions.errors import ExpressionError
from expressions.json_values import key_text
from expressions.operators import map_key, plain
from expressions.values import FreeMap, Record, StringMap, Value, adopt, kind_of


def length(budget: Budget, value: Value) -> int:
    value = adopt(value)
    if isinstance(value, str | list | dict | bytes):
        return len(value)
    raise ExpressionError(f"len() takes a list, map or string, not {kind_of(value)}")


def type_name(budget: Budget, value: Value) -> str:
    return kind_of(value)


def get(budget: Budget, value: Value, key: Value) -> Value:
    """Return an element, or nil where `value[key]` would be an error for want of it."""
    value = adopt(value)
    if value is None:
        return None
    if isinstance(value, dict):
        if key is None or (found := value.get(map_key(value, key))) is None:
            return "" if isinstance(value, StringMap) else None
        return found
    if isinstance(value, Record) and key.__class__ is str:
        return fetch_member(value, key) if key in value.fields else None
    if isinstance(value, list | bytes):
        index = plain(key)
        if index.__class__ is float and index.is_integer():
            index = int(index)
        if index.__class__ is not int:
            raise ExpressionError(f"get() takes an int for a list, not {kind_of(key)}")
        return value[index] if -len(value) <= index < len(value) else None
    raise ExpressionError(f"get() takes a list or map, not {kind_of(value)}")


def _sorted_items(budget: Budget, value: Value, function: str) -> list[tuple[Any, Value]]:
    mapping = need_map(value, function)
    budget.take_elements(len(mapping))
    return sorted(mapping.items(), key=lambda item: key_text(item[0]))


def keys(budget: Budget, mapping: Value) -> list[Value]:
    return [key for key, _ in _sorted_items(budget, mapping, "keys")]


def values(budget: Budget, mapping: Value) -> list[Value]:
    return [value for _, value in _sorted_items(budget, mapping, "values")]


def to_pairs(budget: Budget, mapping: Value) -> list[list[Value]]:
    return [[key, value] for key, value in _sorted_items(budget, mapping, "toPairs")]


def from_pairs(budget: Budget, pairs: Value) -> FreeMap:
    result = FreeMap()
    items = need_list(pairs, "fromPairs")
    budget.take_elements(len(items))
    for item in items:
        pair = need_list(item, "fromPairs")
        if len(pair) != 2:
            raise ExpressionError(f"fromPairs() takes pairs [key, value], not a list of {len(pair)}")
        result[free_key(result, pair[0], "fromPairs")] = pair[1]
    return result


def free_key(mapping: FreeMap, key: Value, function: str) -> Value:
    """Check a new key. Python takes true for 1, so a map cannot have both."""
    key = map_key(mapping, key)
    if isinstance(key, bool | int | float) and key in (0, 1):
        twin = next((each for each in mapping if each == key), None)
        if twin is not None and isinstance(twin, bool) != isinstance(key, bool):
            raise ExpressionError(f"{function}() cannot use both a bool and a number as keys")
    return key
