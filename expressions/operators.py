"""What `+ == in matches ..` and the other operators mean.

Source: expr docs, Language Definition; observed with the engine Kargo uses.
Differs: types are checked when an operator is evaluated, never before; numbers inside maps are equal by value, too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from expressions.budget import Budget, check_depth
from expressions.durations import Duration
from expressions.errors import ExpressionError
from expressions.patterns import search
from expressions.times import NamedNumber, Time
from expressions.values import FreeMap, Record, Value, adopt, kind_of

_MIN_INT, _MAX_INT = -(2**63), 2**63 - 1


def wrap_int(number: int) -> int:
    """Cut to 64 bits as the engine's integers do."""
    if _MIN_INT <= number <= _MAX_INT:
        return number
    return (number - _MIN_INT) % 2**64 + _MIN_INT


def refuse(operator: str, left: Value, right: Value) -> ExpressionError:
    """Make the error for operands an operator does not take."""
    kinds = (kind_of(left), kind_of(right))
    hint = ""
    if "nil" in kinds:
        hint = "give a default with `??`"
    elif operator == "+" and "string" in kinds:
        hint = "make both texts with string(...)"
    elif operator == "in" and kinds == ("string", "string"):
        hint = "use `contains`"
    return ExpressionError(f"`{operator}` does not take {kinds[0]} and {kinds[1]}", hint=hint)


def plain(value: Value) -> Value:
    """Adopt a host value; months and weekdays become ints."""
    value = adopt(value)
    return value.number if value.__class__ is NamedNumber else value


def is_number(value: Value) -> bool:
    kind = value.__class__
    return kind is int or kind is float


def add(budget: Budget, left: Value, right: Value) -> Value:
    left_class, right_class = left.__class__, right.__class__
    if left_class is str and right_class is str:
        budget.take_text(len(left) + len(right))
        return left + right
    if left_class is int and right_class is int:
        return wrap_int(left + right)
    left, right = plain(left), plain(right)
    if is_number(left) and is_number(right):
        total = left + right
        return wrap_int(total) if total.__class__ is int else total
    match left, right:
        case str(), str():
            return left + right
        case Time(), Duration():
            return left.add(right)
        case Duration(), Time():
            return right.add(left)
        case Duration(), Duration():
            return Duration(wrap_int(left.nanoseconds + right.nanoseconds))
    raise refuse("+", left, right)


def subtract(budget: Budget, left: Value, right: Value) -> Value:
    left, right = plain(left), plain(right)
    if is_number(left) and is_number(right):
        rest = left - right
        return wrap_int(rest) if rest.__class__ is int else rest
    match left, right:
        case Time(), Time():
            return Duration(min(max(left.instant - right.instant, _MIN_INT), _MAX_INT))
        case Time(), Duration():
            return Time(left.instant - right.nanoseconds, left.zone)
        case Duration(), Duration():
            return Duration(wrap_int(left.nanoseconds - right.nanoseconds))
    raise refuse("-", left, right)


def multiply(budget: Budget, left: Value, right: Value) -> Value:
    left, right = plain(left), plain(right)
    if is_number(left) and is_number(right):
        product = left * right
        return wrap_int(product) if product.__class__ is int else product
    if isinstance(left, Duration) and is_number(right):
        duration, factor = left, right
    elif isinstance(right, Duration) and is_number(left):
        duration, factor = right, left
    else:
        raise refuse("*", left, right)
    count = duration.nanoseconds * factor
    return Duration(wrap_int(count)) if factor.__class__ is int else count


def divide(budget: Budget, left: Value, right: Value) -> float:
    left, right = plain(left), plain(right)
    if not (is_number(left) and is_number(right)):
        raise refuse("/", left, right)
    dividend, divisor = float(left), float(right)
    if divisor == 0:
        if dividend == 0 or math.isnan(dividend):
            return math.nan
        return math.copysign(math.inf, dividend) * math.copysign(1, divisor)
    return dividend / divisor


def remainder(budget: Budget, left: Value, right: Value) -> int:
    dividend, divisor = to_whole(plain(left)), to_whole(plain(right))
    if dividend is None or divisor is None:
        raise ExpressionError(f"`%` takes whole numbers, not {kind_of(left)} and {kind_of(right)}")
    if divisor == 0:
        raise ExpressionError("`%` by zero")
    rest = abs(dividend) % abs(divisor)
    return -rest if dividend < 0 else rest


def power(budget: Budget, left: Value, right: Value) -> float:
    left, right = plain(left), plain(right)
    if not (is_number(left) and is_number(right)):
        raise refuse("**", left, right)
    base, exponent = float(left), float(right)
    odd = exponent.is_integer() and exponent % 2 == 1
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return -math.inf if base < 0 and odd else math.inf
    except ValueError:
        if base != 0:
            return math.nan
        return math.copysign(math.inf, base) if odd else math.inf


def negate(budget: Budget, value: Value) -> Value:
    value = plain(value)
    if not is_number(value):
        raise ExpressionError(f"`-` does not take {kind_of(value)}")
    return wrap_int(-value) if value.__class__ is int else -value


def keep_sign(budget: Budget, value: Value) -> Value:
    value = plain(value)
    if not is_number(value):
        raise ExpressionError(f"`+` does not take {kind_of(value)}")
    return value


def to_whole(value: Value) -> int | None:
    """Return an int, or a float without decimals, as an int; None for anything else."""
    if value.__class__ is int:
        whole: int = value
        return whole
    if value.__class__ is float and value.is_integer():
        return int(value)
    return None


def is_equal(budget: Budget, left: Value, right: Value, depth: int = 0) -> bool:
    """Tell if two values are equal: numbers by value, times by instant, lists, maps and records by their parts."""
    left_class, right_class = left.__class__, right.__class__
    if left_class is right_class and left_class in _COMPARABLE:
        return bool(left == right)
    left, right = plain(left), plain(right)
    if is_number(left) and is_number(right):
        return bool(left == right)
    if isinstance(left, list) and isinstance(right, list):
        check_depth(depth)
        budget.spend(len(left))
        return len(left) == len(right) and all(
            is_equal(budget, one, other, depth + 1) for one, other in zip(left, right, strict=True)
        )
    if isinstance(left, dict) and isinstance(right, dict):
        return _has_equal_parts(budget, left, right, depth)
    if isinstance(left, Record) and isinstance(right, Record):
        return left.kind == right.kind and _has_equal_parts(budget, left.fields, right.fields, depth)
    if isinstance(left, Time) and isinstance(right, Time):
        return left.instant == right.instant
    if left.__class__ is not right.__class__:
        return False
    return bool(left == right)


_COMPARABLE: frozenset[type] = frozenset({str, int, float, bool, type(None)})


def _has_equal_parts(budget: Budget, left: Any, right: Any, depth: int) -> bool:
    check_depth(depth)
    budget.spend(len(left))
    if len(left) != len(right):
        return False
    return all(key in right and is_equal(budget, left[key], right[key], depth + 1) for key in left)


def sort_key(value: Value) -> tuple[str, Any]:
    """Return (class of order, key): values with the same class of order may be compared. Raises ExpressionError."""
    value = plain(value)
    match value:
        case bool():
            pass
        case int() | float():
            return "number", value
        case str():
            # Texts are ordered by their UTF-8 bytes, which is the order of code points and so Python's.
            return "string", value
        case Time():
            return "time", value.instant
        case Duration():
            return "duration", value.nanoseconds
    raise ExpressionError(f"{kind_of(value)} has no order")


def compare(operator: str) -> Callable[[Value, Value], bool]:
    """Return the function of `<`, `<=`, `>` or `>=`."""
    decide = _ORDER[operator]

    def apply(left: Value, right: Value) -> bool:
        if left.__class__ is right.__class__ and left.__class__ in _ORDERED:
            return decide(left, right)
        try:
            left_kind, left_key = sort_key(left)
            right_kind, right_key = sort_key(right)
        except ExpressionError:
            raise refuse(operator, left, right) from None
        if left_kind != right_kind:
            raise refuse(operator, left, right)
        return decide(left_key, right_key)

    return apply


_ORDERED: frozenset[type] = frozenset({str, int, float})
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def is_in(budget: Budget, needle: Value, haystack: Value) -> bool:
    haystack, needle = adopt(haystack), adopt(needle)
    if haystack is None:
        return False
    if isinstance(haystack, list | bytes):
        budget.spend(len(haystack))
        return any(is_equal(budget, needle, item) for item in haystack)
    if isinstance(haystack, dict):
        if needle is None:
            return False
        return map_key(haystack, needle) in haystack
    if isinstance(haystack, Record) and needle.__class__ is str:
        return needle in haystack.fields
    raise refuse("in", needle, haystack)


def map_key(mapping: dict[Any, Any], key: Value) -> Value:
    """Check a key before it is looked up. Raises ExpressionError for a key of a kind the map cannot have."""
    if key.__class__ is str:
        return key
    if isinstance(mapping, FreeMap):
        key = plain(key)
        if key is None or isinstance(key, bool | int | float | str | Time | Duration):
            return key
    raise ExpressionError(f"a map key must be a string, not {kind_of(key)}", hint="convert it with string(...)")


def _on_texts(operator: str, decide: Callable[[str, str], bool]) -> Callable[[Budget, Value, Value], bool]:
    """Make an operator on two texts that is false if either is nil."""

    def apply(budget: Budget, left: Value, right: Value) -> bool:
        left, right = adopt(left), adopt(right)
        if left is None or right is None:
            return False
        if left.__class__ is not str or right.__class__ is not str:
            raise refuse(operator, left, right)
        budget.spend(len(left) >> 6)
        return decide(left, right)

    return apply


def make_range(budget: Budget, left: Value, right: Value) -> list[int]:
    start, stop = to_whole(plain(left)), to_whole(plain(right))
    if start is None or stop is None:
        raise ExpressionError(f"`..` takes whole numbers, not {kind_of(left)} and {kind_of(right)}")
    budget.take_elements(max(0, stop - start + 1))
    return list(range(start, stop + 1))


BINARY_OPERATORS: dict[str, Callable[[Budget, Value, Value], Value]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "%": remainder,
    "**": power,
    "==": is_equal,
    "!=": lambda budget, left, right: not is_equal(budget, left, right),
    "in": is_in,
    "contains": _on_texts("contains", lambda text, part: part in text),
    "startsWith": _on_texts("startsWith", str.startswith),
    "endsWith": _on_texts("endsWith", str.endswith),
    "matches": _on_texts("matches", search),
    "..": make_range,
}

UNARY_OPERATORS: dict[str, Callable[[Budget, Value], Value]] = {"-": negate, "+": keep_sign}
