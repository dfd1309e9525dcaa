"""Calling host functions, builtins and methods with checked arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from expressions.access import fetch_member, suggest
from expressions.budget import Budget
from expressions.builtins import BUILTINS, METHODS, PREDICATE_BUILTINS, Builtin
from expressions.errors import ExpressionError
from expressions.values import EMPTY_OUTPUT, Function, Record, Value, adopt, kind_of

_TYPE_NAMES = {str: "string", int: "int", float: "float", bool: "bool", list: "list", dict: "map"}


def call_builtin(builtin: Builtin, name: str, budget: Budget, arguments: list[Value]) -> Value:
    _check_count(name, len(arguments), builtin.min_args, builtin.max_args)
    return builtin.call(budget, *arguments)


def call_function(function: Function, arguments: list[Value]) -> Value:
    """Call a host function; what it raises passes through, except that ExpressionErrors get a place later."""
    _check_count(function.name, len(arguments), function.min_args, function.max_args)
    for number, (argument, wanted) in enumerate(zip(arguments, function.types, strict=False), start=1):
        if wanted is not None and not _is_a(argument, wanted):
            expected = _TYPE_NAMES.get(wanted, wanted.__name__.lower())
            raise ExpressionError(
                f"argument {number} of {function.name}() must be a {expected}, not {kind_of(argument)}"
            )
    return function.call(*arguments)


def _is_a(value: Value, wanted: type) -> bool:
    return isinstance(value, wanted) and not (wanted is not bool and isinstance(value, bool))


def _check_count(name: str, count: int, fewest: int, most: int | None) -> None:
    if count >= fewest and (most is None or count <= most):
        return
    expected = f"at least {fewest}" if most is None else str(fewest) if most == fewest else f"{fewest} to {most}"
    plural = "" if (fewest if most is None else most) == 1 else "s"
    raise ExpressionError(f"{name}() takes {expected} argument{plural}, not {count}")


def call_method(base: Value, name: str, arguments: list[Value]) -> Value:
    """Call `base.name(...)`: a method of a time, duration or version, or a function in a map or record."""
    if isinstance(base, dict | Record) or base is EMPTY_OUTPUT:
        member = fetch_member(base, name)
        if isinstance(member, Function):
            return call_function(member, arguments)
        raise ExpressionError(f"{name} is not a function but {kind_of(member)}")
    base = adopt(base)
    if base is None:
        raise ExpressionError(f"cannot call {name}() on nil", hint=f"did you mean `?.{name}(...)`?")
    methods = METHODS.get(base.__class__, {})
    method = methods.get(name)
    if method is None:
        hint = suggest(name, list(methods), "`.{}()`")
        raise ExpressionError(f"{kind_of(base)} has no method {name}", hint=hint)
    arity = _arity(method)
    _check_count(name, len(arguments), arity, arity)
    return method(base, *arguments)


def _arity(method: Callable[..., Value]) -> int:
    # Methods are plain functions without optional arguments, or `str`.
    code = getattr(method, "__code__", None)
    return code.co_argcount - 1 if code else 0


def unknown_function(name: str, env: Mapping[str, object]) -> ExpressionError:
    known = [*BUILTINS, *PREDICATE_BUILTINS]
    known += [key for key, value in env.items() if isinstance(value, Function)]
    return ExpressionError(f"unknown function {name}", hint=suggest(name, known, "`{}(...)`"))
