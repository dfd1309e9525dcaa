"""The reference of functions, the pieces of templates for linting, and the bound on evaluations together."""

import pytest

from expressions import ExpressionError, evaluate, limit_time, list_functions, split_template
from expressions.builtins import BUILTINS, PREDICATE_BUILTINS
from expressions.builtins.quoting import TEMPLATE_FUNCTIONS


def test_every_function_has_an_entry_and_every_entry_a_function():
    assert {entry.name for entry in list_functions()} == {*BUILTINS, *PREDICATE_BUILTINS, *TEMPLATE_FUNCTIONS}


@pytest.mark.parametrize(
    ("name", "signature"),
    [
        ("trim", "trim(text[, characters])"),
        ("max", "max(values...)"),
        ("now", "now()"),
        ("count", "count(list[, predicate])"),
        ("reduce", "reduce(list, predicate[, start])"),
        ("quote", "quote(value)"),
    ],
)
def test_signatures_show_what_may_be_left_out(name, signature):
    assert signature in {entry.signature for entry in list_functions() if entry.name == name}


def test_a_template_is_split_into_texts_and_expressions():
    parts = split_template("a${{ 1 }}b${% x %}")

    assert [(part.source, part.node is None) for part in parts] == [
        ("a", True),
        (" 1 ", False),
        ("b", True),
        (" x ", False),
    ]


def test_a_limit_holds_for_all_evaluations_inside_it():
    with limit_time(0.0), pytest.raises(ExpressionError, match="together"):
        evaluate("1 + 1", {})

    assert evaluate("1 + 1", {}) == 2


def test_a_limit_cuts_one_long_evaluation():
    with limit_time(0.05), pytest.raises(ExpressionError, match="time limit"):
        evaluate("let l = 1..9000; count(l, any(l, # < 0))", {})
