"""Runs expressions: text -> compiled program (cached) -> value. No input or output, and bounded."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from expressions.compiler import compile_node
from expressions.errors import ExpressionError
from expressions.parser import parse
from expressions.scope import Program, Scope
from expressions.values import Value

_CACHED_LENGTH = 10_000


def evaluate(source: str, env: Mapping[str, object]) -> Value:
    """Evaluate a bare expression (no `${{ }}`) in an environment of values and Functions.

    An unknown name is nil. Raises ExpressionError; other exceptions of host functions pass through.
    """
    return run(compile_source(source, in_template=False), env)


def compile_source(source: str, *, in_template: bool) -> Program:
    """Compile an expression, or take it from the cache. Raises ExpressionError for bad syntax."""
    if len(source) > _CACHED_LENGTH:
        return _compile(source, in_template)
    return _compile_cached(source, in_template)


def _compile(source: str, in_template: bool) -> Program:
    try:
        return compile_node(parse(source), source, in_template=in_template)
    except RecursionError:
        raise ExpressionError("the expression is nested too deeply", 0, source) from None


_compile_cached = lru_cache(maxsize=4096)(_compile)


def run(program: Program, env: Mapping[str, object]) -> Value:
    """Run a compiled expression. Raises ExpressionError."""
    try:
        return program.code(Scope(env, program.slots))
    except ExpressionError as error:
        raise error.at(0, program.source) from error.__cause__
    except RecursionError:
        raise ExpressionError("the expression or a value in it is nested too deeply", 0, program.source) from None
    except OverflowError:
        raise ExpressionError("a number is out of range", 0, program.source) from None
