"""Bounds: nodes, depth, elements, text and time. Hostile input ends in an ExpressionError, quickly."""

import pytest

from expressions import ExpressionError, check_template, evaluate, render, to_json
from expressions.budget import MAX_TEXT, Budget
from expressions.evaluator import compile_source
from expressions.scope import Scope

HOSTILE = [
    ("+".join(["1"] * 6000), "more than 10,000 parts"),
    ("(" * 100 + "1" + ")" * 100, "nested more than 64 levels"),
    ("[" * 5000 + "]" * 5000, "nested more than 64 levels"),
    ("{a:" * 500 + "1" + "}" * 500, "nested more than 64 levels"),
    ("not " * 5000 + "true", "nested more than 64 levels"),
    ("-" * 5000 + "1", "nested more than 64 levels"),
    ("x ? 1 : " * 500 + "2", "nested more than 64 levels"),
    ("f(" * 500 + ")" * 500, "nested more than 64 levels"),
    ("a[" * 500 + "]" * 500, "nested more than 64 levels"),
    ("a" + "?.b" * 4000, "nested too deeply"),
    ("1" + " | string()" * 3000, "nested too deeply"),
    ("2 ** " * 3000 + "2", "nested too deeply"),
    ("1 " * 60_000, "more than 50,000 tokens"),
    ("1" + " " * 1_000_001, "longer than 1,000,000 characters"),
    ("1..1000000", "memory budget exceeded"),
    ("-9223372036854775807..9223372036854775807", "memory budget exceeded"),
    ("map(1..600000, #)", "memory budget exceeded"),
    ("map(1..1000, 1..2000)", "memory budget exceeded"),
    ("reduce(1..40, concat(#acc, #acc), [1])", "memory budget exceeded"),
    ("reduce(1..60, #acc + #acc, 'x')", "memory budget exceeded"),
    ("replace(repeat('a', 1000000), '', repeat('b', 1000))", "memory budget exceeded"),
    ("join(map(1..1000, ''), repeat('a', 1000000))", "memory budget exceeded"),
    ("split(repeat('a', 1000000), '')", "memory budget exceeded"),
    # Whichever of the budgets of memory and time is used up first: on a busy machine it may be time.
    ("toJSON(reduce(1..60, [#acc, #acc], 1))", "exceeded"),
    ("string(reduce(1..60, [#acc, #acc], 'abcdefgh'))", "memory budget exceeded"),
    ("flatten(reduce(1..60, [#acc, #acc], 1))", "memory budget exceeded"),
    ("string(reduce(1..200, [#acc]))", "levels deep"),
    ("toJSON(reduce(1..5000, [#acc]))", "levels deep"),
    ("flatten(reduce(1..200, [#acc]))", "levels deep"),
    ("max(reduce(1..200, [#acc]))", "levels deep"),
    ("reduce(1..200, [#acc]) == reduce(1..200, [#acc])", "levels deep"),
]


@pytest.mark.parametrize(
    ("source", "message"),
    HOSTILE,
    ids=[case[0][:40] for case in HOSTILE],
)
def test_refuses_hostile_expressions(source, message):
    with pytest.raises(ExpressionError) as caught:
        evaluate(source, {})

    assert message in caught.value.message
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    "source",
    [
        "+".join(["1"] * 3000),
        " && ".join(["true"] * 3000),
        "1..999999 | len()",
        "(" * 60 + "1" + ")" * 60,
        "a" + "?.b" * 60,
        "repeat('a', 1000000) matches '(a*)*b'",
        "lastIndexOf(repeat('a', 1000000), 'b' + repeat('a', 500000))",
    ],
    ids=lambda source: source[:30],
)
def test_serves_large_but_fair_expressions(source):
    evaluate(source, {})


def test_a_budget_stops_work_when_its_time_is_over():
    budget = Budget(seconds=0)

    with pytest.raises(ExpressionError, match="time limit exceeded"):
        budget.spend(100_000)


def test_a_budget_does_not_ask_the_clock_for_little_work():
    Budget(seconds=0).spend(100)


def test_work_inside_nested_predicates_counts():
    budget = Budget(seconds=0)
    program = compile_source("all(1..900, all(1..900, # > 0))", in_template=False)
    scope = Scope({}, program.slots)
    scope.budget = budget

    with pytest.raises(ExpressionError, match="time limit exceeded"):
        program.code(scope)


def test_the_text_of_a_template_is_bounded():
    with pytest.raises(ExpressionError, match="longer than"):
        render("${{ x }}${{ x }}", {"x": "a" * (MAX_TEXT // 2 + 1)})


def test_a_value_that_contains_itself_is_refused():
    loop: list = []
    loop.append(loop)

    for source in ("toJSON(x)", "string(x)", "x == [x]", "flatten(x)"):
        with pytest.raises(ExpressionError, match="levels deep"):
            evaluate(source, {"x": loop})
    with pytest.raises(ExpressionError, match="levels deep"):
        to_json(loop)


def test_hostile_templates_are_checked_quickly():
    with pytest.raises(ExpressionError):
        check_template("${{ " + "(" * 10_000 + " }}")
    with pytest.raises(ExpressionError):
        check_template("${{ 1 }}" * 1000 + "${{")
