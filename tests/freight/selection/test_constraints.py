"""The constraint language, by our table and by answers of the Go library itself."""

import json
from pathlib import Path

import pytest

from freight.selection.constraints import parse_constraint
from freight.selection.errors import InvalidConstraint
from freight.selection.versions import parse_version

GOLDEN = json.loads((Path(__file__).parent / "masterminds_v3_5.json").read_text())

# constraint, versions inside, versions outside
TABLE = [
    ("1.2.3", "1.2.3 1.2.3+b", "1.2.4 1.2.3-rc.1"),
    ("=1.2.3", "1.2.3 1.2.3+b", "1.2.2 1.2.4"),
    ("1.2", "1.2.0 1.2.9", "1.1.9 1.3.0 1.2.1-rc.1"),
    ("=1.2", "1.2.0 1.2.9", "1.1.9 1.3.0"),
    ("1.2.x", "1.2.0 1.2.9", "1.1.9 1.3.0"),
    ("1.2.X", "1.2.0", "1.3.0"),
    ("~1.2", "1.2.0 1.2.9", "1.1.9 1.3.0"),
    ("1", "1.0.0 1.9.9", "0.9.9 2.0.0"),
    ("1.x", "1.0.0 1.9.9", "0.9.9 2.0.0"),
    ("~1", "1.0.0 1.9.9", "0.9.9 2.0.0"),
    ("*", "0.0.0 0.0.1 99.0.0", "1.0.0-rc.1"),
    ("~1.2.3", "1.2.3 1.2.9", "1.2.2 1.3.0"),
    ("~>1.2.3", "1.2.3 1.2.9", "1.2.2 1.3.0"),
    ("~0.0.0", "0.0.0 0.5.0 7.0.0", "7.0.0-rc.1"),
    ("^1.2.3", "1.2.3 1.9.0", "1.2.2 2.0.0"),
    ("^0.2.3", "0.2.3 0.2.9", "0.2.2 0.3.0 1.0.0"),
    ("^0.0.3", "0.0.3", "0.0.2 0.0.4 0.1.0"),
    ("^0.0", "0.0.0 0.0.9", "0.1.0 1.0.0"),
    ("^0", "0.0.0 0.9.9", "1.0.0"),
    (">1.2", "1.3.0 2.0.0", "1.2.0 1.2.9"),
    (">1", "2.0.0", "1.0.0 1.9.9"),
    ("<=1.2", "1.2.9 0.1.0", "1.3.0"),
    ("=<1.2", "1.2.9", "1.3.0"),
    ("<1.2", "1.1.9", "1.2.0 1.2.9"),
    ("=>1.2", "1.2.0 5.0.0", "1.1.9"),
    ("!=1.2", "1.1.9 1.3.0", "1.2.0 1.2.9"),
    ("!=1.2.3", "1.2.4", "1.2.3"),
    ("1.2 - 1.4", "1.2.0 1.4.9", "1.1.9 1.5.0"),
    (">=1.0, <2.0", "1.5.0", "0.9.0 2.0.0"),
    (">=1.0 <2.0", "1.5.0", "0.9.0 2.0.0"),
    ("1.x || 3.x", "1.5.0 3.0.0", "2.0.0"),
    ("^1.2.3-0", "1.3.0-rc.1 1.2.3-alpha 1.9.0", "2.0.0-rc.1 2.0.0"),
    ("*-0", "1.0.0-rc.1 1.0.0", ""),
    (">=1.0.0-0 <2", "1.5.0-rc.1 1.5.0", "2.0.0"),
    ("1.x || >=3.0.0-0", "3.1.0-rc.1 1.2.0", "1.2.0-rc.1"),
]


@pytest.mark.parametrize(("text", "inside", "outside"), TABLE, ids=[row[0] for row in TABLE])
def test_admits_what_the_table_says(text, inside, outside):
    constraint = parse_constraint(text)

    assert [version for version in inside.split() if not constraint.admits(parse_version(version))] == []
    assert [version for version in outside.split() if constraint.admits(parse_version(version))] == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ">=1<2",
        "abc",
        "==1",
        "1.2.3.4",
        "1 ||",
        "|| 1",
        "^",
        ">= >1",
        "1.xx",
        "1|2",
        "1.2.3-01",
        "V1",
    ],
)
def test_refuses_what_is_no_constraint_and_says_how_to_write_one(text):
    with pytest.raises(InvalidConstraint, match=r"Write for example \^1\.2\.0"):
        parse_constraint(text)


def test_refuses_endless_constraints():
    with pytest.raises(InvalidConstraint, match="512 bytes"):
        parse_constraint(">=1 " * 200)
    with pytest.raises(InvalidConstraint, match="32 alternatives"):
        parse_constraint("||".join(["1"] * 33))


def test_explains_a_prerelease_with_the_way_out():
    constraint = parse_constraint("^1.2.0")

    assert "add -0" in constraint.explain(parse_version("1.3.0-rc.1"))
    assert constraint.explain(parse_version("2.0.0")) == 'outside constraint "^1.2.0"'


def test_admits_what_the_go_library_admits():
    assert len(GOLDEN["constraints"]) == 400
    for text, inside, outside in GOLDEN["constraints"]:
        if inside is None:
            with pytest.raises(InvalidConstraint):
                parse_constraint(text)
            continue
        constraint = parse_constraint(text)
        for version in inside:
            assert constraint.admits(parse_version(version)), (text, version)
        for version in outside:
            assert not constraint.admits(parse_version(version)), (text, version)
