"""Builtins on numbers: rounding, extremes, averages, bits.

Source: expr docs, Language Definition; Go package math.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator

from expressions.budget import Budget, check_depth
from expressions.builtins.arguments import need_number
from expressions.durations import Duration
from expressions.errors import ExpressionError
from expressions.operators import plain, sort_key, to_whole, wrap_int
from expressions.values import Value, kind_of


def absolute(budget: Budget, value: Value) -> int | float:
    number = need_number(value, "abs")
    return wrap_int(abs(number)) if isinstance(number, int) else abs(number)


def ceiling(budget: Budget, value: Value) -> float:
    return _whole(need_number(value, "ceil"), math.ceil)


def floor(budget: Budget, value: Value) -> float:
    return _whole(need_number(value, "floor"), math.floor)


def round_half_away(budget: Budget, value: Value) -> float:
    number = need_number(value, "round")
    return _whole(number, lambda exact: math.copysign(math.floor(abs(exact) + 0.5), exact))


def _whole(number: int | float, rounded: Callable[[float], float]) -> float:
    exact = float(number)
    # From 2^52 on every float is whole already, and adding a half would spoil it.
    return exact if not math.isfinite(exact) or abs(exact) >= 2.0**52 else float(rounded(exact))


def maximum(budget: Budget, *values: Value) -> Value:
    return _extreme(budget, "max", values, lambda key, best: key > best)


def minimum(budget: Budget, *values: Value) -> Value:
    return _extreme(budget, "min", values, lambda key, best: key < best)


def _extreme(budget: Budget, name: str, values: Iterable[Value], better: Callable[[float, float], bool]) -> Value:
    found: Value = None
    best: tuple[str, float] | None = None
    for value in _leaves(budget, values, 0):
        if not isinstance(value, int | float | Duration) or isinstance(value, bool):
            raise ExpressionError(f"{name}() takes numbers, durations and lists of them, not {kind_of(value)}")
        key = sort_key(value)
        if best is not None and key[0] != best[0]:
            raise ExpressionError(f"{name}() cannot compare a number and a duration")
        if best is None or better(key[1], best[1]):
            found, best = value, key
    return found


def _leaves(budget: Budget, values: Iterable[Value], depth: int) -> Iterator[Value]:
    """Yield what is no list, through lists in lists."""
    check_depth(depth)
    for value in values:
        budget.spend(1)
        leaf = plain(value)
        if isinstance(leaf, list):
            yield from _leaves(budget, leaf, depth + 1)
        else:
            yield leaf


def mean(budget: Budget, *values: Value) -> float:
    numbers = _floats(budget, "mean", values)
    return sum(numbers) / len(numbers) if numbers else 0.0


def _floats(budget: Budget, name: str, values: Iterable[Value]) -> list[float]:
    """Return all leaves; of durations the nanoseconds."""
    return [
        float(leaf.nanoseconds if isinstance(leaf, Duration) else need_number(leaf, name))
        for leaf in _leaves(budget, values, 0)
    ]


def median(budget: Budget, *values: Value) -> float:
    numbers = sorted(_floats(budget, "median", values))
    if not numbers:
        return 0.0
    middle = len(numbers) // 2
    return numbers[middle] if len(numbers) % 2 else (numbers[middle - 1] + numbers[middle]) / 2


def _int(value: Value, name: str) -> int:
    """Return an int; a float is refused, but for a whole one that came out of a template."""
    value = plain(value)
    whole = to_whole(value)
    if whole is None or value.__class__ is float:
        raise ExpressionError(f"{name}() takes ints, not {kind_of(value)}")
    return wrap_int(whole)


def bits(name: str, combine: Callable[[int, int], int]) -> Callable[[Budget, Value, Value], int]:
    """Make a builtin of two ints."""

    def apply(budget: Budget, left: Value, right: Value) -> int:
        return wrap_int(combine(_int(left, name), _int(right, name)))

    return apply


def shift(name: str, combine: Callable[[int, int], int]) -> Callable[[Budget, Value, Value], int]:
    """Make a builtin that shifts an int by a count; counts beyond the width act as the width."""

    def apply(budget: Budget, value: Value, count: Value) -> int:
        places = _int(count, name)
        if places < 0:
            raise ExpressionError(f"{name}() cannot shift by {places}: expected a positive count")
        return wrap_int(combine(_int(value, name), min(places, 64)))

    return apply


def bit_not(budget: Budget, value: Value) -> int:
    return ~_int(value, "bitnot")
