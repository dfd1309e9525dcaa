"""Builtins on maps, and on everything that has elements."""

import pytest

from expressions import ExpressionError, evaluate

VALUES = [
    ("len({a: 1})", 1),
    ("len('héllo')", 5),
    ("len(b'é')", 2),
    ("len([])", 0),
    ("type(nil)", "nil"),
    ("type(true)", "bool"),
    ("type('a')", "string"),
    ("type([])", "array"),
    ("type({})", "map"),
    ("type(b'a')", "array"),
    ("type(secret('x'))", "map"),
    ("type(date('2024-01-02'))", "time.Time"),
    ("type(duration('1s'))", "time.Duration"),
    ("type(imageFrom('found'))", "unknown"),
    ("type(semverParse('1.0.0'))", "unknown"),
    ("get({a: 1}, 'a')", 1),
    ("get({a: 1}, 'b')", None),
    ("get({a: 1}, nil)", None),
    ("get(nil, 'a')", None),
    ("get([1, 2], 1)", 2),
    ("get([1, 2], -1)", 2),
    ("get([1, 2], 2)", None),
    ("get([1, 2], -3)", None),
    ("get([1, 2], 1.0)", 2),
    ("get(imageFrom('found'), 'Tag')", "1.10"),
    ("get(imageFrom('found'), 'nope')", None),
    ("get(secret('x'), 'user')", "alice"),
    ("get(secret('x'), 'nope')", ""),
    ("vars.objs | first() | get('n')", "x"),
    ("keys({b: 1, a: 2})", ["a", "b"]),
    ("keys({})", []),
    ("values({b: 1, a: 2})", [2, 1]),
    ("keys(secret('x'))", ["user"]),
    ("toPairs({b: 1, a: 2})", [["a", 2], ["b", 1]]),
    ("fromPairs([['a', 1], [2, 'x']])", {"a": 1, 2: "x"}),
    ("fromPairs([['a', 1], ['a', 2]]).a", 2),
    ("fromPairs(toPairs({a: 1})) == {a: 1}", True),
    ("fromPairs([])", {}),
    ("keys(groupBy([1, 10, 2], #))", [1, 10, 2]),
]

ERRORS = [
    ("len(5)", "len() takes a list, map or string, not int"),
    ("len(nil)", "len() takes a list, map or string, not nil"),
    ("len()", "len() takes 1 argument, not 0"),
    ("type()", "type() takes 1 argument, not 0"),
    ("get({a: 1}, 1)", "a map key must be a string, not int"),
    ("get([1], 'a')", "get() takes an int for a list, not string"),
    ("get(5, 'a')", "get() takes a list or map, not int"),
    ("get('abc', 1)", "get() takes a list or map, not string"),
    ("keys([1])", "keys() takes a map, not array"),
    ("keys(nil)", "keys() takes a map, not nil"),
    ("values('a')", "values() takes a map, not string"),
    ("toPairs(1)", "toPairs() takes a map, not int"),
    ("fromPairs([[1]])", "fromPairs() takes pairs [key, value], not a list of 1"),
    ("fromPairs([1])", "fromPairs() takes a list, not int"),
    ("fromPairs([[[1], 2]])", "a map key must be a string, not array"),
    ("fromPairs([[true, 1], [1, 2]])", "both a bool and a number"),
]


@pytest.mark.parametrize(("source", "expected"), VALUES, ids=[case[0] for case in VALUES])
def test_gives(env, source, expected):
    assert evaluate(source, env) == expected


@pytest.mark.parametrize(("source", "message"), ERRORS, ids=[case[0] for case in ERRORS])
def test_refuses(env, source, message):
    with pytest.raises(ExpressionError) as caught:
        evaluate(source, env)

    assert message in caught.value.message
