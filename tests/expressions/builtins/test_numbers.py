"""Builtins on numbers."""

import math

import pytest

from expressions import Duration, ExpressionError, evaluate

VALUES = [
    ("abs(-5)", 5),
    ("abs(-1.5)", 1.5),
    ("abs(-9223372036854775807 - 1)", -(2**63)),
    ("ceil(1.2)", 2.0),
    ("ceil(-1.2)", -1.0),
    ("floor(1.8)", 1.0),
    ("floor(-1)", -1.0),
    ("round(2.5)", 3.0),
    ("round(-2.5)", -3.0),
    ("round(2.4)", 2.0),
    ("round(1e300)", 1e300),
    ("round(1/0)", math.inf),
    ("max(1, 3, 2)", 3),
    ("max([1, [2, [3]]], 2.5)", 3),
    ("max(1, 1.5)", 1.5),
    ("max([])", None),
    ("max(duration('1h'), duration('2h'))", Duration(7_200_000_000_000)),
    ("min(1, -3, 2)", -3),
    ("min([[]])", None),
    ("min([2, 1.5])", 1.5),
    ("mean([1, 2], 3)", 2.0),
    ("mean([])", 0.0),
    ("mean([duration('1s'), 5])", 500000002.5),
    ("median(duration('1s'), duration('2s'))", 1.5e9),
    ("median([3, 1, 2])", 2.0),
    ("median(1, 2, 3, 4)", 2.5),
    ("median([])", 0.0),
    ("bitand(5, 3)", 1),
    ("bitor(5, 3)", 7),
    ("bitxor(5, 3)", 6),
    ("bitnand(5, 3)", 4),
    ("bitnot(5)", -6),
    ("bitshl(1, 3)", 8),
    ("bitshl(1, 63)", -(2**63)),
    ("bitshl(1, 70)", 0),
    ("bitshr(-8, 1)", -4),
    ("bitshr(-8, 100)", -1),
    ("bitushr(-8, 1)", 9223372036854775804),
    ("bitushr(-1, 64)", 0),
    ("type(1)", "int"),
    ("type(1.0)", "float"),
]

ERRORS = [
    ("abs('a')", "abs() takes a number, not string"),
    ("abs(true)", "abs() takes a number, not bool"),
    ("abs()", "abs() takes 1 argument, not 0"),
    ("ceil(nil)", "ceil() takes a number, not nil"),
    ("floor([1])", "floor() takes a number, not array"),
    ("round('1')", "round() takes a number, not string"),
    ("max('a', 'b')", "max() takes numbers, durations and lists of them, not string"),
    ("max(nil)", "max() takes numbers, durations and lists of them, not nil"),
    ("max()", "max() takes at least 1 argument"),
    ("min(true)", "min() takes numbers, durations and lists of them, not bool"),
    ("min(1, duration('1h'))", "min() cannot compare a number and a duration"),
    ("mean('a')", "mean() takes a number, not string"),
    ("median([nil])", "median() takes a number, not nil"),
    ("bitand(1.5, 1)", "bitand() takes ints, not float"),
    ("bitor(1.0, 1)", "bitor() takes ints, not float"),
    ("bitxor('a', 1)", "bitxor() takes ints, not string"),
    ("bitnot(nil)", "bitnot() takes ints, not nil"),
    ("bitnand(1)", "bitnand() takes 2 arguments, not 1"),
    ("bitshl(1, -1)", "bitshl() cannot shift by -1"),
    ("bitshr(1, -1)", "bitshr() cannot shift by -1"),
    ("bitushr(1, 'a')", "bitushr() takes ints, not string"),
]


@pytest.mark.parametrize(("source", "expected"), VALUES, ids=[case[0] for case in VALUES])
def test_gives(source, expected):
    value = evaluate(source, {})

    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(("source", "message"), ERRORS, ids=[case[0] for case in ERRORS])
def test_refuses(source, message):
    with pytest.raises(ExpressionError) as caught:
        evaluate(source, {})

    assert message in caught.value.message


def test_rounding_keeps_what_is_no_number():
    assert math.isnan(evaluate("round(0/0)", {}))
