"""Walks a syntax tree for checks: what is evaluated in any case, and which names a chain of members spells. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from expressions import Binary, Conditional, Guard, Index, Literal, Member, Name, Node, PredicateCall, children

_LAZY = {"and", "or", "??"}


@dataclass(frozen=True, slots=True)
class Visit:
    """One node. `is_certain`: evaluated whenever the expression is. `is_excused`: the author reckons with nil."""

    node: Node
    is_certain: bool
    is_excused: bool
    parent: Node | None


@dataclass(frozen=True, slots=True)
class Link:
    """One `.name` or `["name"]` of a chain."""

    name: str
    position: int
    is_optional: bool


@dataclass(frozen=True, slots=True)
class Chain:
    """`outputs.x?.y` as its root and links."""

    root: str
    position: int
    links: tuple[Link, ...]


def visit(
    node: Node, *, is_certain: bool = True, is_excused: bool = False, parent: Node | None = None
) -> Iterator[Visit]:
    """All nodes, parents first. Guards (`?.`) are seen through."""
    if isinstance(node, Guard):
        yield from visit(node.chain, is_certain=is_certain, is_excused=is_excused, parent=parent)
        return
    yield Visit(node, is_certain, is_excused, parent)
    for position, child in enumerate(children(node)):
        yield from visit(
            child,
            is_certain=is_certain and not _is_lazy(node, position),
            is_excused=_excuses(node, position),
            parent=node,
        )


def _is_lazy(node: Node, position: int) -> bool:
    """Is this child evaluated only in some cases?"""
    if isinstance(node, Binary):
        return node.operator in _LAZY and position == 1
    return position > 0 and isinstance(node, Conditional | PredicateCall)


def _excuses(node: Node, position: int) -> bool:
    """True for the left of `??` and for what is compared with nil."""
    if not isinstance(node, Binary):
        return False
    if node.operator == "??":
        return position == 0
    other = node.right if position == 0 else node.left
    return node.operator in {"==", "!="} and isinstance(other, Literal) and other.value is None


def read_chain(seen: Visit) -> Chain | None:
    """The chain that ends at this node; None when it is none, or when the parent continues it."""
    node, parent = seen.node, seen.parent
    if isinstance(parent, Member) or (
        isinstance(parent, Index) and _base(parent) is node and _key(parent) is not None
    ):
        return None
    links: list[Link] = []
    current = node
    while isinstance(current, Member | Index):
        key = _key(current)
        if key is None:
            return None
        links.append(Link(key, current.position, current.optional))
        current = _base(current)
    if not isinstance(current, Name):
        return None
    return Chain(current.name, current.position, tuple(reversed(links)))


def _base(node: Member | Index) -> Node:
    return node.base.chain if isinstance(node.base, Guard) else node.base


def _key(node: Member | Index) -> str | None:
    if isinstance(node, Member):
        return node.name
    return node.index.value if isinstance(node.index, Literal) and isinstance(node.index.value, str) else None


def text_of(node: Node) -> str | None:
    """The text of a literal."""
    return node.value if isinstance(node, Literal) and isinstance(node.value, str) else None
