"""Builtins on lists that take no predicate.

Source: expr docs, Language Definition.
"""

from __future__ import annotations

from typing import Any

from expressions.budget import Budget, check_depth
from expressions.builtins.arguments import need_int, need_list, need_text
from expressions.errors import ExpressionError
from expressions.operators import is_equal, plain, sort_key
from expressions.values import Value, adopt


def first(budget: Budget, items: Value) -> Value:
    items = [] if adopt(items) is None else need_list(items, "first")
    return items[0] if items else None


def last(budget: Budget, items: Value) -> Value:
    items = [] if adopt(items) is None else need_list(items, "last")
    return items[-1] if items else None


def take(budget: Budget, items: Value, count: Value) -> list[Value]:
    wanted = need_int(count, "take")
    if wanted < 0:
        raise ExpressionError(f"take() takes a positive count, not {wanted}")
    return need_list(items, "take")[:wanted]


def reverse(budget: Budget, items: Value) -> list[Value]:
    backwards = need_list(items, "reverse")[::-1]
    budget.take_elements(len(backwards))
    return backwards


def concat(budget: Budget, *lists: Value) -> list[Value]:
    parts = [need_list(each, "concat") for each in lists]
    budget.take_elements(sum(map(len, parts)))
    return [item for part in parts for item in part]


def flatten(budget: Budget, items: Value) -> list[Value]:
    flat: list[Value] = []
    _flatten(budget, need_list(items, "flatten"), flat, 0)
    return flat


def _flatten(budget: Budget, items: list[Value], flat: list[Value], depth: int) -> None:
    check_depth(depth)
    budget.take_elements(len(items))
    for item in items:
        if isinstance(item, list | tuple):
            _flatten(budget, list(item), flat, depth + 1)
        else:
            flat.append(item)


def unique(budget: Budget, items: Value) -> list[Value]:
    """Keep the first of equal elements."""
    kept: list[Value] = []
    seen: set[Any] = set()
    composite: list[Value] = []
    items = need_list(items, "uniq")
    budget.take_elements(len(items))
    for raw in items:
        item = plain(raw)
        if isinstance(item, str | int | float | None):
            # A bool equals 0 or 1 in Python, but not in the language.
            key = (isinstance(item, bool), item)
            if key in seen:
                continue
            seen.add(key)
        else:
            budget.spend(len(composite))
            if any(is_equal(budget, item, other) for other in composite):
                continue
            composite.append(item)
        kept.append(raw)
    return kept


def sort(budget: Budget, items: Value, order: Value = "asc") -> list[Value]:
    items = [] if adopt(items) is None else need_list(items, "sort")
    descending = is_descending(order, "sort")
    return sort_by_keys(budget, items, items, "sort", descending=descending)


def is_descending(order: Value, function: str) -> bool:
    wanted = need_text(order, function)
    if wanted not in {"asc", "desc"}:
        raise ExpressionError(f"{function}() knows the orders `asc` and `desc`, not {wanted!r}")
    return wanted == "desc"


def sort_by_keys(
    budget: Budget, items: list[Value], keys: list[Value], function: str, *, descending: bool
) -> list[Value]:
    """Order the items by their keys; equal keys keep their order. Raises ExpressionError for mixed kinds."""
    budget.take_elements(len(items))
    ranked = [sort_key(key) for key in keys] if len(keys) > 1 else [("", 0)] * len(keys)
    kinds = {kind for kind, _ in ranked}
    if len(kinds) > 1:
        raise ExpressionError(f"{function}() cannot order {' and '.join(sorted(kinds))} together")
    places = sorted(range(len(items)), key=lambda place: ranked[place][1], reverse=descending)
    return [items[place] for place in places]
