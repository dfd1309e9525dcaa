"""Whatever the input: parse, evaluate and render give a value or an ExpressionError, and to_json gives JSON.

How many examples are tried is a matter of the profile: tests/conftest.py.
"""

import json
import math
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from expressions import (
    EMPTY_OUTPUT,
    ExpressionError,
    Function,
    Node,
    Record,
    StringMap,
    check_template,
    evaluate,
    parse,
    render,
    to_json,
)
from expressions.builtins import BUILTINS, METHODS, PREDICATE_BUILTINS
from expressions.operators import BINARY_OPERATORS

WORD_TEXT = r"""
vars x zz nil true false not and or in matches contains startsWith endsWith let if else $env f r m e
+ - * / % ** ^ == != < > <= >= && || ?? ?. .. :: ? : ; , . | # #index #acc = ! ( ) [ ] { } ( ) ( ) [ ]
0 1 -1 2.5 1e308 9223372036854775807 0x1f 'a' "b" `c` b'd' '' '2024-01-02' '1h' '1.2.3' '[1]' '(' ','
// /* */ ' " ${{ }} ${% %} \ é
"""
WORDS = [
    *BUILTINS,
    *PREDICATE_BUILTINS,
    *(method for methods in METHODS.values() for method in methods),
    *WORD_TEXT.split(),
    "\n",
]
OPERATORS = [*BINARY_OPERATORS, "not in", "and", "or", "??", "<", ">="]
ENV = {
    "vars": {"a": 1, "b": [1, "x", None], "c": {"d": 2.5}},
    "x": "héllo",
    "f": Function("f", lambda *values: values[0] if values else None),
    "r": Record("record", {"Tag": "1.0", "List": [1]}),
    "m": StringMap({"k": "v"}),
    "e": EMPTY_OUTPUT,
}
soups = st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join)

LEAF_TEXT = "nil true 0 1 -3 2.5 1e308 'a' 'é,b' '' x vars vars.b vars.c zz r m e f('q') 1..3 [] {} b'ab' #"
TIMED_LEAVES = ["date('2024-03-31')", "duration('90m')", "semverParse('1.2.3')"]
leaves = st.sampled_from([*LEAF_TEXT.split(), *TIMED_LEAVES])


def grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    binary = st.builds(
        lambda left, operator, right: f"({left}) {operator} ({right})", inner, st.sampled_from(OPERATORS), inner
    )
    calls = st.builds(
        lambda name, arguments: f"{name}({', '.join(arguments)})",
        st.sampled_from(list(BUILTINS)),
        st.lists(inner, max_size=3),
    )
    methods = st.builds(
        lambda base, name, arguments: f"({base}).{name}({', '.join(arguments)})",
        inner,
        st.sampled_from([method for each in METHODS.values() for method in each]),
        st.lists(inner, max_size=1),
    )
    predicates = st.builds(
        lambda name, items, body: f"{name}({items}, {body})", st.sampled_from(list(PREDICATE_BUILTINS)), inner, inner
    )
    access = st.builds(
        lambda base, form, key: f"({base}){form.replace('K', key)}",
        inner,
        st.sampled_from([".a", "?.b", "[K]", "?.[K]", "[K:]", "[:K]", ".Tag", "[0:K]"]),
        inner,
    )
    others = st.builds(
        lambda form, one, two: form.replace("A", one).replace("B", two),
        st.sampled_from(["A ? B : A", "-(A)", "not (A)", "[A, B]", "{a: A, b: B}", "(let v = A; B)", "(A; B)"]),
        inner,
        inner,
    )
    return binary | calls | methods | predicates | access | others


expressions = st.recursive(leaves, grow, max_leaves=8)


def attempt(run: Callable[..., object], *arguments: object) -> object:
    """Return the value, or the ExpressionError itself; anything else raised fails the test."""
    try:
        return run(*arguments)
    except ExpressionError as error:
        return error


def check_outcome(outcome: object) -> None:
    """An error points into its source; a value is JSON when converted, or the error says why not."""
    if isinstance(outcome, ExpressionError):
        assert str(outcome)
        assert outcome.position is None or 0 <= outcome.position <= len(outcome.source)
        return
    converted = attempt(to_json, outcome)
    if not isinstance(converted, ExpressionError):
        json.dumps(converted, allow_nan=False)


@given(st.text(max_size=60))
def test_any_text_is_parsed_or_refused(text):
    assert isinstance(attempt(parse, text), Node | ExpressionError)
    assert isinstance(attempt(check_template, text), ExpressionError | None)


@given(soups)
def test_any_words_are_evaluated_or_refused(source):
    check_outcome(attempt(evaluate, source, ENV))


@given(expressions)
def test_any_well_formed_expression_is_evaluated_or_refused(source):
    outcome = attempt(evaluate, source, ENV)

    check_outcome(outcome)
    assert not isinstance(outcome, ExpressionError) or outcome.position is not None


@given(st.lists(soups | st.text(max_size=10) | expressions.map("${{{{ {} }}}}".format), max_size=4).map("".join))
def test_any_template_is_rendered_or_refused(template):
    check_outcome(attempt(render, template, ENV))


json_leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
json_values = st.recursive(
    json_leaves,
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=10,
)


def shrunk(value: object) -> object:
    """The value with its numbers as templates give them back."""
    if isinstance(value, list):
        return [shrunk(item) for item in value]
    if isinstance(value, dict):
        return {key: shrunk(item) for key, item in value.items()}
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


@given(json_values.filter(lambda value: isinstance(value, list | dict)))
def test_a_structure_survives_a_template(value):
    rendered = render("${{ x }}", {"x": value})

    assert shrunk(rendered) == shrunk(value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_survives_a_template(number):
    rendered = render("${{ x }}", {"x": number})

    assert math.isclose(rendered, number, rel_tol=0, abs_tol=0)


@given(st.text(max_size=30))
def test_a_quoted_text_stays_a_text(text):
    assert isinstance(render("${{ quote(x) }}", {"x": text}), str)
