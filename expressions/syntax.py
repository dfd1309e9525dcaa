"""The tables the parser and the compiler share: binding strengths and the shapes of predicate builtins.

Source: expr docs, Language Definition, and the precedence table of the engine Kargo uses.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BinaryRule:
    """`operator` is the name evaluation knows it by; `and` and `&&` are one operator."""

    precedence: int
    operator: str
    right_to_left: bool = False


@dataclass(frozen=True, slots=True)
class PredicateRule:
    """How `name(items, predicate, extra)` is written: which of the arguments after `items` may be left out."""

    predicate_required: bool = True
    takes_extra: bool = False


PIPE = "|"
COALESCE = "??"
COMPARISONS = frozenset({"<", ">", "<=", ">="})
NEGATABLE = frozenset({"in", "matches", "contains", "startsWith", "endsWith"})

_EQUALITY = 20
BINARY: dict[str, BinaryRule] = {
    "|": BinaryRule(0, "|"),
    "or": BinaryRule(10, "or"),
    "||": BinaryRule(10, "or"),
    "and": BinaryRule(15, "and"),
    "&&": BinaryRule(15, "and"),
    "==": BinaryRule(_EQUALITY, "=="),
    "!=": BinaryRule(_EQUALITY, "!="),
    "<": BinaryRule(_EQUALITY, "<"),
    ">": BinaryRule(_EQUALITY, ">"),
    "<=": BinaryRule(_EQUALITY, "<="),
    ">=": BinaryRule(_EQUALITY, ">="),
    "in": BinaryRule(_EQUALITY, "in"),
    "matches": BinaryRule(_EQUALITY, "matches"),
    "contains": BinaryRule(_EQUALITY, "contains"),
    "startsWith": BinaryRule(_EQUALITY, "startsWith"),
    "endsWith": BinaryRule(_EQUALITY, "endsWith"),
    "..": BinaryRule(25, ".."),
    "+": BinaryRule(30, "+"),
    "-": BinaryRule(30, "-"),
    "*": BinaryRule(60, "*"),
    "/": BinaryRule(60, "/"),
    "%": BinaryRule(60, "%"),
    "**": BinaryRule(100, "**", right_to_left=True),
    "^": BinaryRule(100, "**", right_to_left=True),
    "??": BinaryRule(500, "??"),
}

UNARY: dict[str, int] = {"not": 50, "!": 50, "-": 90, "+": 90}

PREDICATE_CALLS: dict[str, PredicateRule] = {
    "all": PredicateRule(),
    "any": PredicateRule(),
    "none": PredicateRule(),
    "one": PredicateRule(),
    "filter": PredicateRule(),
    "map": PredicateRule(),
    "find": PredicateRule(),
    "findLast": PredicateRule(),
    "findIndex": PredicateRule(),
    "findLastIndex": PredicateRule(),
    "count": PredicateRule(predicate_required=False),
    "sum": PredicateRule(predicate_required=False),
    "groupBy": PredicateRule(),
    "sortBy": PredicateRule(takes_extra=True),
    "reduce": PredicateRule(takes_extra=True),
}
