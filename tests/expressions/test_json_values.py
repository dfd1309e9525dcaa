"""Values to JSON."""

import datetime
import json

import pytest

from expressions import EMPTY_OUTPUT, ExpressionError, Function, Record, StringMap, evaluate, to_json

VALUES = [
    ("nil", None),
    ("true", True),
    ("1", 1),
    ("2.0", 2),
    ("2.5", 2.5),
    ("1e21", 1e21),
    ("'<'", "<"),
    ("b'ab'", "YWI="),
    ("[1, [2.0]]", [1, [2]]),
    ("{b: 1, a: {d: 1, c: 2}}", {"a": {"c": 2, "d": 1}, "b": 1}),
    ("date('2024-01-02T03:04:05.120Z')", "2024-01-02T03:04:05.12Z"),
    ("date('2024-01-02T03:04:05+02:00')", "2024-01-02T03:04:05+02:00"),
    ("date('2024-01-02').Month()", 1),
    ("duration('1us')", 1000),
    ("timezone('Europe/Berlin')", "Europe/Berlin"),
    ("semverParse('v1')", "1.0.0"),
    ("imageFrom('found')", {"repoURL": "ghcr.io/shop", "tag": "1.10"}),
    ("secret('x')", {"user": "alice"}),
    ("groupBy([1, 2], # > 1)", {"false": [1], "true": [2]}),
    ("fromPairs([[2, 'b'], ['a', 1]])", {"2": "b", "a": 1}),
]


@pytest.mark.parametrize(("source", "expected"), VALUES, ids=[case[0] for case in VALUES])
def test_converts(env, source, expected):
    value = to_json(evaluate(source, env))

    assert value == expected
    assert json.dumps(value) == json.dumps(expected)


@pytest.mark.parametrize("source", ["1/0", "-1/0", "0/0", "[{a: 0/0}]"])
def test_refuses_what_json_has_not(source):
    with pytest.raises(ExpressionError, match="cannot be written as JSON"):
        to_json(evaluate(source, {}))


def test_converts_host_values_inside_structures():
    value = {
        "when": datetime.datetime(2024, 1, 2, tzinfo=datetime.UTC),
        "took": datetime.timedelta(milliseconds=1),
        "none": EMPTY_OUTPUT,
        "call": Function("f", lambda: 1),
        "texts": StringMap({"b": "1", "a": "2"}),
        "pair": (1, 2),
    }

    assert to_json(value) == {
        "when": "2024-01-02T00:00:00Z",
        "took": 1_000_000,
        "none": None,
        "call": None,
        "texts": {"a": "2", "b": "1"},
        "pair": [1, 2],
    }


def test_a_record_keeps_the_order_of_its_fields_and_drops_the_empty_ones():
    record = Record(
        "commitFrom(...)",
        {"RepoURL": "r", "ID": "", "Tag": None, "Count": 0, "Flag": False, "List": [], "Map": {}, "Author": "a"},
        {"RepoURL": "repoURL", "Author": "author"},
    )

    assert list(to_json(record).items()) == [("repoURL", "r"), ("author", "a")]


def test_refuses_python_objects():
    with pytest.raises(ExpressionError, match="a Python object cannot be used"):
        to_json({"a": object()})
