"""Builtins that evaluate a predicate for each element.

Source: expr docs, Language Definition.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from expressions.budget import Budget
from expressions.builtins.arguments import need_number
from expressions.builtins.arrays import is_descending, sort_by_keys
from expressions.builtins.maps import free_key
from expressions.durations import Duration
from expressions.errors import ExpressionError
from expressions.operators import add
from expressions.values import FreeMap, Value, adopt, kind_of

# The predicate for an element and its index. A builtin that folds passes what it has so far as third argument.
Each: TypeAlias = Callable[..., Value]
PredicateBuiltin: TypeAlias = Callable[[Budget, list[Value], Each, Value], Value]

# What `extra` is when the argument after the predicate is missing; nil would be a value.
MISSING = object()


def _holds(each: Each, name: str) -> Callable[[Value, int], bool]:
    def apply(item: Value, index: int) -> bool:
        verdict = each(item, index)
        if verdict is True or verdict is False:
            return bool(verdict)
        raise ExpressionError(f"the predicate of {name}() must give a bool, not {kind_of(verdict)}")

    return apply


def all_hold(budget: Budget, items: list[Value], each: Each, extra: Value) -> bool:
    holds = _holds(each, "all")
    return all(holds(item, index) for index, item in enumerate(items))


def any_holds(budget: Budget, items: list[Value], each: Each, extra: Value) -> bool:
    holds = _holds(each, "any")
    return any(holds(item, index) for index, item in enumerate(items))


def none_holds(budget: Budget, items: list[Value], each: Each, extra: Value) -> bool:
    holds = _holds(each, "none")
    return not any(holds(item, index) for index, item in enumerate(items))


def one_holds(budget: Budget, items: list[Value], each: Each, extra: Value) -> bool:
    holds = _holds(each, "one")
    return sum(holds(item, index) for index, item in enumerate(items)) == 1


def keep(budget: Budget, items: list[Value], each: Each, extra: Value) -> list[Value]:
    holds = _holds(each, "filter")
    kept = [item for index, item in enumerate(items) if holds(item, index)]
    budget.take_elements(len(kept))
    return kept


def transform(budget: Budget, items: list[Value], each: Each, extra: Value) -> list[Value]:
    budget.take_elements(len(items))
    return [each(item, index) for index, item in enumerate(items)]


def find(budget: Budget, items: list[Value], each: Each, extra: Value) -> Value:
    holds = _holds(each, "find")
    return next((item for index, item in enumerate(items) if holds(item, index)), None)


def find_last(budget: Budget, items: list[Value], each: Each, extra: Value) -> Value:
    holds = _holds(each, "findLast")
    return next((items[index] for index in reversed(range(len(items))) if holds(items[index], index)), None)


def find_index(budget: Budget, items: list[Value], each: Each, extra: Value) -> int | None:
    holds = _holds(each, "findIndex")
    return next((index for index, item in enumerate(items) if holds(item, index)), None)


def find_last_index(budget: Budget, items: list[Value], each: Each, extra: Value) -> int | None:
    holds = _holds(each, "findLastIndex")
    return next((index for index in reversed(range(len(items))) if holds(items[index], index)), None)


def count(budget: Budget, items: list[Value], each: Each, extra: Value) -> int:
    holds = _holds(each, "count")
    return sum(holds(item, index) for index, item in enumerate(items))


def total(budget: Budget, items: list[Value], each: Each, extra: Value) -> int | float | Duration:
    """Add numbers, or durations; 0 for an empty list."""
    result: Value = None
    for index, item in enumerate(items):
        value = adopt(each(item, index))
        if not isinstance(value, Duration):
            value = need_number(value, "sum")
        result = value if result is None else add(budget, result, value)
    return 0 if result is None else result


def group(budget: Budget, items: list[Value], each: Each, extra: Value) -> FreeMap:
    budget.take_elements(len(items))
    groups = FreeMap()
    for index, item in enumerate(items):
        key = free_key(groups, each(item, index), "groupBy")
        groups.setdefault(key, []).append(item)
    return groups


def sort_by(budget: Budget, items: list[Value], each: Each, extra: Value) -> list[Value]:
    descending = extra is not MISSING and is_descending(extra, "sortBy")
    keys = [each(item, index) for index, item in enumerate(items)]
    return sort_by_keys(budget, items, keys, "sortBy", descending=descending)


def fold(budget: Budget, items: list[Value], each: Each, extra: Value) -> Value:
    """Fold from the left; without a start the first element is it, and the fold begins at index 1."""
    start = 0
    accumulated = extra
    if extra is MISSING:
        if not items:
            raise ExpressionError("reduce() of an empty list needs a start value", hint="give it as third argument")
        start, accumulated = 1, items[0]
    for index in range(start, len(items)):
        accumulated = each(items[index], index, accumulated)
    return accumulated
