"""The syntax tree: what the parser makes and the compiler reads.

`position` is the character of the source an error about the node points at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields


@dataclass(frozen=True, eq=False)
class Node:
    position: int


@dataclass(frozen=True, eq=False)
class Literal(Node):
    """nil, a bool, number, text or bytes."""

    value: bool | int | float | str | bytes | None


@dataclass(frozen=True, eq=False)
class Name(Node):
    name: str


@dataclass(frozen=True, eq=False)
class Pointer(Node):
    """`#`, `#index` or `#acc` inside a predicate; `name` is empty for `#`."""

    name: str


@dataclass(frozen=True, eq=False)
class Let(Node):
    name: str
    value: Node
    body: Node


@dataclass(frozen=True, eq=False)
class Conditional(Node):
    """`if`, `? :`; `then` is None for `a ?: b`, whose condition is also its value."""

    condition: Node
    then: Node | None
    otherwise: Node


@dataclass(frozen=True, eq=False)
class Unary(Node):
    operator: str
    operand: Node


@dataclass(frozen=True, eq=False)
class Binary(Node):
    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, eq=False)
class Step(Node):
    """One `< right` of a chain of comparisons."""

    operator: str
    right: Node


@dataclass(frozen=True, eq=False)
class Comparison(Node):
    """`first < a <= b ...`: true if each neighbouring pair is in order."""

    first: Node
    steps: tuple[Step, ...]


@dataclass(frozen=True, eq=False)
class Sequence(Node):
    """`a; b; c`: all are evaluated, the last one is the value."""

    items: tuple[Node, ...]


@dataclass(frozen=True, eq=False)
class ListLiteral(Node):
    items: tuple[Node, ...]


@dataclass(frozen=True, eq=False)
class Pair(Node):
    key: Node
    value: Node


@dataclass(frozen=True, eq=False)
class MapLiteral(Node):
    pairs: tuple[Pair, ...]


@dataclass(frozen=True, eq=False)
class Member(Node):
    """`base.name`, or `base?.name` if optional."""

    base: Node
    name: str
    optional: bool


@dataclass(frozen=True, eq=False)
class Index(Node):
    base: Node
    index: Node
    optional: bool


@dataclass(frozen=True, eq=False)
class Slice(Node):
    base: Node
    start: Node | None
    stop: Node | None


@dataclass(frozen=True, eq=False)
class Guard(Node):
    """The end of a `?.` chain: nil met on the way makes the whole chain nil."""

    chain: Node


@dataclass(frozen=True, eq=False)
class Call(Node):
    """`name(...)`; `builtin` if written `::name(...)`."""

    name: str
    arguments: tuple[Node, ...]
    builtin: bool


@dataclass(frozen=True, eq=False)
class MethodCall(Node):
    base: Node
    name: str
    arguments: tuple[Node, ...]
    optional: bool


@dataclass(frozen=True, eq=False)
class PredicateCall(Node):
    """A builtin that evaluates `body` for each element; `extra` is the argument after the predicate."""

    name: str
    items: Node
    body: Node | None
    extra: Node | None


def children(node: Node) -> Iterator[Node]:
    """Yield the nodes directly below, in the order of the source."""
    for field in fields(node):
        value = getattr(node, field.name)
        if isinstance(value, Node):
            yield value
        elif isinstance(value, tuple):
            yield from (item for item in value if isinstance(item, Node))


def walk(node: Node) -> Iterator[Node]:
    """Yield the node and every node below it, parents first, for linting."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(reversed(list(children(current))))
