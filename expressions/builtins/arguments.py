"""What builtins ask of their arguments: the kind they need, or an error that names function and kind."""

from __future__ import annotations

from typing import Any

from expressions.durations import Duration
from expressions.errors import ExpressionError
from expressions.operators import is_number, plain, to_whole
from expressions.times import Time, Zone
from expressions.values import Value, adopt, kind_of


def need_text(value: Value, function: str) -> str:
    value = adopt(value)
    if value.__class__ is str:
        text: str = value
        return text
    raise ExpressionError(f"{function}() takes a string, not {kind_of(value)}")


def need_list(value: Value, function: str) -> list[Value]:
    """Return a list; bytes count as a list of ints."""
    value = adopt(value)
    if isinstance(value, list):
        return value
    if isinstance(value, bytes):
        return list(value)
    raise ExpressionError(f"{function}() takes a list, not {kind_of(value)}")


def need_map(value: Value, function: str) -> dict[Any, Value]:
    value = adopt(value)
    if isinstance(value, dict):
        return value
    raise ExpressionError(f"{function}() takes a map, not {kind_of(value)}")


def need_number(value: Value, function: str) -> int | float:
    value = plain(value)
    if is_number(value):
        number: int | float = value
        return number
    raise ExpressionError(f"{function}() takes a number, not {kind_of(value)}")


def need_int(value: Value, function: str) -> int:
    """Return a whole number; a float without decimals will do."""
    whole = to_whole(plain(value))
    if whole is None:
        raise ExpressionError(f"{function}() takes a whole number, not {kind_of(value)}")
    return whole


def need_duration(value: Value, function: str) -> Duration:
    value = adopt(value)
    if isinstance(value, Duration):
        return value
    raise ExpressionError(f"{function}() takes a duration, not {kind_of(value)}")


def need_time(value: Value, function: str) -> Time:
    value = adopt(value)
    if isinstance(value, Time):
        return value
    raise ExpressionError(f"{function}() takes a time, not {kind_of(value)}")


def need_zone(value: Value, function: str) -> Zone:
    if isinstance(value, Zone):
        return value
    raise ExpressionError(f"{function}() takes a timezone(...), not {kind_of(value)}")
