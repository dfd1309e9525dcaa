"""Compiles `a.b?.c[0].d(x)`: members, elements and methods, and the nil that ends a `?.` chain."""

from __future__ import annotations

from typing import Protocol

from expressions import nodes
from expressions.access import OPEN_END, cut, fetch_item, fetch_member
from expressions.calls import call_method
from expressions.errors import ExpressionError
from expressions.scope import Code, Scope
from expressions.values import Value

# The value of a link after `?.` met nil; the guard at the end of the chain makes it nil.
_SKIPPED = object()


class ChainCompiler(Protocol):
    source: str

    def compile(self, node: nodes.Node) -> Code: ...

    def compile_raw(self, node: nodes.Node) -> Code: ...


def compile_chain(compiler: ChainCompiler, node: nodes.Node) -> Code:
    """Compile the last link of a chain and all before it."""
    if isinstance(node, nodes.Member):
        return _member(compiler, node)
    if isinstance(node, nodes.Index):
        return _index(compiler, node)
    if isinstance(node, nodes.MethodCall):
        return _method_call(compiler, node)
    if isinstance(node, nodes.Guard):
        chain = compiler.compile_raw(node.chain)

        def run(scope: Scope) -> Value:
            value = chain(scope)
            return None if value is _SKIPPED else value

        return run
    raise AssertionError(f"no link of a chain: {type(node).__name__}")


def _member(compiler: ChainCompiler, node: nodes.Member) -> Code:
    base, source = compiler.compile_raw(node.base), compiler.source
    name, optional, position = node.name, node.optional, node.position

    def run(scope: Scope) -> Value:
        value = base(scope)
        if value.__class__ is dict:
            return value.get(name)
        if value is _SKIPPED or (optional and value is None):
            return _SKIPPED
        try:
            return fetch_member(value, name)
        except ExpressionError as error:
            raise error.at(position, source) from None

    return run


def _index(compiler: ChainCompiler, node: nodes.Index) -> Code:
    base, index, source = compiler.compile_raw(node.base), compiler.compile(node.index), compiler.source
    optional, position = node.optional, node.position
    if isinstance(node.base, nodes.Literal) and isinstance(node.base.value, str):
        hint = "use a slice, as in `text[0:1]`"
        raise ExpressionError("a text has no elements", position, source, hint=hint)

    def run(scope: Scope) -> Value:
        value = base(scope)
        if value is _SKIPPED or (optional and value is None):
            return _SKIPPED
        try:
            return fetch_item(value, index(scope))
        except ExpressionError as error:
            raise error.at(position, source) from None

    return run


def _method_call(compiler: ChainCompiler, node: nodes.MethodCall) -> Code:
    base, source = compiler.compile_raw(node.base), compiler.source
    arguments = [compiler.compile(argument) for argument in node.arguments]
    name, optional, position = node.name, node.optional, node.position

    def run(scope: Scope) -> Value:
        value = base(scope)
        if value is _SKIPPED or (optional and value is None):
            return _SKIPPED
        values = [argument(scope) for argument in arguments]
        try:
            return call_method(value, name, values)
        except ExpressionError as error:
            raise error.at(position, source) from None

    return run


def compile_slice(compiler: ChainCompiler, node: nodes.Slice) -> Code:
    """Compile `base[start:stop]`."""
    base, source, position = compiler.compile(node.base), compiler.source, node.position
    start = compiler.compile(node.start) if node.start else None
    stop = compiler.compile(node.stop) if node.stop else None

    def run(scope: Scope) -> Value:
        value = base(scope)
        first = start(scope) if start else OPEN_END
        last = stop(scope) if stop else OPEN_END
        try:
            return cut(value, first, last)
        except ExpressionError as error:
            raise error.at(position, source) from None

    return run
