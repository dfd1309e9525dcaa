"""Builtins on lists."""

import pytest

from expressions import ExpressionError, evaluate

VALUES = [
    ("first([1, 2])", 1),
    ("first([])", None),
    ("first(nil)", None),
    ("last([1, 2])", 2),
    ("last([])", None),
    ("last(nil)", None),
    ("take([1, 2, 3], 2)", [1, 2]),
    ("take([1], 5)", [1]),
    ("take([1], 0)", []),
    ("reverse([1, 2, 3])", [3, 2, 1]),
    ("reverse([])", []),
    ("concat([1])", [1]),
    ("concat([1], [2, 3], [])", [1, 2, 3]),
    ("flatten([1, [2, [3, []]]])", [1, 2, 3]),
    ("flatten([])", []),
    ("uniq([1, 1.0, 2, 1])", [1, 2]),
    ("uniq([true, 1, 0, false, nil, nil])", [True, 1, 0, False, None]),
    ("uniq(['a', 'b', 'a'])", ["a", "b"]),
    ("uniq([[1], [1.0], {a: 1}, {a: 1}])", [[1], {"a": 1}]),
    ("uniq([])", []),
    ("sort([3, 1, 2])", [1, 2, 3]),
    ("sort([3, 1, 2], 'desc')", [3, 2, 1]),
    ("sort([1, 2.5, 2], 'asc')", [1, 2, 2.5]),
    ("sort(['b', 'B', 'a'])", ["B", "a", "b"]),
    ("sort([duration('1h'), duration('1m')])[0] == duration('1m')", True),
    ("sort([date('2024-02-01'), date('2024-01-01')])[0].Month() == 1", True),
    ("sort([])", []),
    ("sort(nil)", []),
    ("sort([nil])", [None]),
    ("len([1, 2])", 2),
    ("len(1..5)", 5),
    ("sum(first([[1, 2]]))", 3),
]

ERRORS = [
    ("first(5)", "first() takes a list, not int"),
    ("first('abc')", "first() takes a list, not string"),
    ("first()", "first() takes 1 argument, not 0"),
    ("first([], 1)", "first() takes 1 argument, not 2"),
    ("last({})", "last() takes a list, not map"),
    ("take([1], -1)", "take() takes a positive count, not -1"),
    ("take([1], 'a')", "take() takes a whole number"),
    ("take(nil, 1)", "take() takes a list, not nil"),
    ("reverse('ab')", "reverse() takes a list, not string"),
    ("concat()", "concat() takes at least 1 argument, not 0"),
    ("concat([1], 2)", "concat() takes a list, not int"),
    ("flatten(1)", "flatten() takes a list, not int"),
    ("uniq(nil)", "uniq() takes a list, not nil"),
    ("sort([3, 'a'])", "sort() cannot order number and string together"),
    ("sort([1, nil])", "nil has no order"),
    ("sort([true, false])", "bool has no order"),
    ("sort([[1], [2]])", "array has no order"),
    ("sort([1], 'up')", "sort() knows the orders `asc` and `desc`, not 'up'"),
    ("sort([1], 1)", "sort() takes a string"),
    ("sort('ab')", "sort() takes a list, not string"),
]


@pytest.mark.parametrize(("source", "expected"), VALUES, ids=[case[0] for case in VALUES])
def test_gives(source, expected):
    assert evaluate(source, {}) == expected


@pytest.mark.parametrize(("source", "message"), ERRORS, ids=[case[0] for case in ERRORS])
def test_refuses(source, message):
    with pytest.raises(ExpressionError) as caught:
        evaluate(source, {})

    assert message in caught.value.message


def test_uniq_tells_true_from_one():
    values = evaluate("uniq([true, 1])", {})

    assert [type(value) for value in values] == [bool, int]


def test_no_builtin_changes_a_list_of_the_host():
    items = [3, 1, [2]]

    evaluate("[sort([3, 1]), reverse(l), flatten(l), uniq(l), concat(l, l)]", {"l": items})

    assert items == [3, 1, [2]]
