"""Builtins that evaluate a predicate for each element."""

import pytest

from expressions import ExpressionError, Function, evaluate

VALUES = [
    ("all([1, 2], # > 0)", True),
    ("all([1, 2], # > 1)", False),
    ("all([], false)", True),
    ("any([1, 2], # > 1)", True),
    ("any([1, 2], # > 2)", False),
    ("any([], true)", False),
    ("none([1, 2], # > 2)", True),
    ("none([1, 2], # > 1)", False),
    ("none([], true)", True),
    ("one([1, 2], # > 1)", True),
    ("one([1, 2], # > 0)", False),
    ("one([], true)", False),
    ("filter(1..5, # % 2 == 1)", [1, 3, 5]),
    ("filter([], true)", []),
    ("[1, 2, 3] | filter({# > 1})", [2, 3]),
    ("filter([1, 2], {true; # > 1})", [2]),
    ("map([1, 2], # * 2)", [2, 4]),
    ("map([1, 2], #index)", [0, 1]),
    ("map([1, 2], (#))", [1, 2]),
    ("map([1, 2], -#)", [-1, -2]),
    ("map(vars.objs, .n)", ["x", "y"]),
    ("map(vars.objs, #.n)", ["x", "y"]),
    ("map(vars.objs, #['n'])", ["x", "y"]),
    ("map([[1, 2], [3]], map(#, # + 1))", [[2, 3], [4]]),
    ("map([[1, 2], [3]], len(#) + #index)", [2, 2]),
    ("map([{a: nil}], .a?.b)", [None]),
    ("map([1, 2], # | string())", ["1", "2"]),
    ("map(b'ab', #)", [97, 98]),
    ("find([1, 2, 3], # > 1)", 2),
    ("find([1], # > 1)", None),
    ("findLast([1, 2, 3], # < 3)", 2),
    ("findLast([], true)", None),
    ("findIndex([1, 2], # == 2)", 1),
    ("findIndex([1], # == 2)", None),
    ("findLastIndex([1, 2, 1], # == 1)", 2),
    ("findLastIndex([1], # == 2)", None),
    ("count([1, 2, 3], # > 1)", 2),
    ("count([true, false, true])", 2),
    ("count([])", 0),
    ("count([1, 2], {# > 1},)", 1),
    ("sum([1, 2.5])", 3.5),
    ("sum([])", 0),
    ("sum(1..3)", 6),
    ("string(sum([duration('1s'), duration('2s')]))", "3s"),
    ("sum(vars.objs, .v)", 3),
    ("groupBy(vars.objs, .v > 1)[true][0].n", "x"),
    ("groupBy([1, 2, 3], # % 2)[1]", [1, 3]),
    ("groupBy([], #)", {}),
    ("sortBy(vars.objs, .v) | map(.n)", ["y", "x"]),
    ("sortBy(vars.objs, .v, 'desc') | map(.n)", ["x", "y"]),
    ("sortBy(['bb', 'a', 'cc'], len(#))", ["a", "bb", "cc"]),
    ("sortBy(['bb', 'a', 'cc'], len(#), 'desc')", ["bb", "cc", "a"]),
    ("sortBy([], #)", []),
    ("reduce([1, 2, 3], #acc + #)", 6),
    ("reduce([1, 2, 3], #acc + #, 10)", 16),
    ("reduce([5], #acc + #)", 5),
    ("reduce([1, 2, 3], #acc + #index)", 4),
    ("reduce([1, 2, 3], #acc + #index, 10)", 13),
    ("reduce(['a', 'b'], #acc + #, '')", "ab"),
    ("reduce([1], #acc ?? 'none', nil)", "none"),
    ("reduce([[1], [2]], concat(#acc, #))", [1, 2]),
    ("reduce([1, 2], #acc + sum(map([1], # + 1)), 0)", 4),
    ("filter(map(1..3, # * 2), # > 2) | sum()", 10),
]

ERRORS = [
    ("filter([1], 5)", "the predicate of filter() must give a bool, not int"),
    ("filter([1], nil)", "must give a bool, not nil"),
    ("all([1], 'x')", "the predicate of all() must give a bool"),
    ("any([1], #)", "the predicate of any() must give a bool"),
    ("none([1], #)", "the predicate of none() must give a bool"),
    ("one([1], #)", "the predicate of one() must give a bool"),
    ("find([1], #)", "the predicate of find() must give a bool"),
    ("findLast([1], #)", "the predicate of findLast() must give a bool"),
    ("findIndex([1], #)", "the predicate of findIndex() must give a bool"),
    ("findLastIndex([1], #)", "the predicate of findLastIndex() must give a bool"),
    ("count([1])", "the predicate of count() must give a bool, not int"),
    ("any(nil, true)", "any() takes a list, not nil"),
    ("map('abc', #)", "map() takes a list, not string"),
    ("filter({a: 1}, true)", "filter() takes a list, not map"),
    ("sum(['a'])", "sum() takes a number, not string"),
    ("sum([true])", "sum() takes a number, not bool"),
    ("sum([duration('1s'), 1])", "`+` does not take time.Duration and int"),
    ("groupBy([[1]], #)", "a map key must be a string, not array"),
    ("groupBy([1, true], #)", "both a bool and a number"),
    ("sortBy([1, 'a'], #)", "sortBy() cannot order"),
    ("sortBy([1, 2], nil)", "nil has no order"),
    ("sortBy([1], #, 'x')", "sortBy() knows the orders"),
    ("reduce([], #acc)", "needs a start value"),
    ("map([1], zz.x)", "cannot fetch x from nil"),
]


@pytest.mark.parametrize(("source", "expected"), VALUES, ids=[case[0] for case in VALUES])
def test_gives(env, source, expected):
    assert evaluate(source, env) == expected


@pytest.mark.parametrize(("source", "message"), ERRORS, ids=[case[0] for case in ERRORS])
def test_refuses(env, source, message):
    with pytest.raises(ExpressionError) as caught:
        evaluate(source, env)

    assert message in caught.value.message


def test_stops_at_the_first_element_that_decides():
    seen = []
    env = {"see": Function("see", lambda value: seen.append(value) or value > 1, 1, 1)}

    assert evaluate("any([1, 2, 3], see(#))", env) is True
    assert seen == [1, 2]


def test_an_error_in_a_predicate_points_into_the_predicate(env):
    with pytest.raises(ExpressionError) as caught:
        evaluate("map(vars.objs, .n.x)", env)

    assert caught.value.position == len("map(vars.objs, .n.")
