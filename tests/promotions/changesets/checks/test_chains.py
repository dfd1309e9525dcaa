"""Which parts of an expression are evaluated in any case, and which chains of names it holds."""

import pytest

from expressions import parse
from promotions.changesets.checks.chains import read_chain, visit


def chains(source: str) -> list[tuple[str, bool, bool]]:
    """(spelling, evaluated in any case, reckons with nil) of each chain."""
    found = []
    for seen in visit(parse(source)):
        if (chain := read_chain(seen)) is not None:
            spelling = chain.root + "".join(("?." if link.is_optional else ".") + link.name for link in chain.links)
            found.append((spelling, seen.is_certain, seen.is_excused))
    return found


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a.b.c", [("a.b.c", True, False)]),
        ("a['b-c']?.d", [("a.b-c?.d", True, False)]),
        ("a?.b.c ?? d", [("a?.b.c", True, True), ("d", False, False)]),
        ("a.b == nil", [("a.b", True, True)]),
        ("a && b.c", [("a", True, False), ("b.c", False, False)]),
        ("a ? b : c", [("a", True, False), ("b", False, False), ("c", False, False)]),
        ("filter(a.b, #.c == d)", [("a.b", True, False), ("d", False, False)]),
        ("a[b.c]", [("a", True, False), ("b.c", True, False)]),
        ("f(a.b)", [("a.b", True, False)]),
        ("a.b.c()", [("a.b", True, False)]),
    ],
)
def test_chains_of_an_expression(source, expected):
    assert chains(source) == expected
