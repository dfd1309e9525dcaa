"""Whatever the input: parse, evaluate and render give a value or an ExpressionError, and to_json gives JSON."""

import json
import math

from hypothesis import given, settings
from hypothesis import strategies as st

from expressions import EMPTY_OUTPUT, ExpressionError, Function, Record, StringMap, check_template, evaluate, parse, render
from expressions import to_json
from expressions.builtins import BUILTINS, METHODS, PREDICATE_BUILTINS

WORDS = [
    *BUILTINS,
    *PREDICATE_BUILTINS,
    *(method for methods in METHODS.values() for method in methods),
    *"vars x zz nil true false not and or in matches contains startsWith endsWith let if else $env f r m e".split(),
    *"+ - * / % ** ^ == != < > <= >= && || ?? ?. .. :: ? : ; , . | # #index #acc = ! ( ) [ ] { } ( ) ( ) [ ]".split(),
    *"0 1 -1 2.5 1e308 9223372036854775807 0x1f 'a' \"b\" `c` b'd' '' '2024-01-02' '1h' '1.2.3' '[1]' '(' ','".split(),
    "//",
    "/*",
    "*/",
    "\n",
    "'",
    '"',
    "${{",
    "}}",
    "${%",
    "%}",
    "\\",
    "é",
]
ENV = {
    "vars": {"a": 1, "b": [1, "x", None], "c": {"d": 2.5}},
    "x": "héllo",
    "f": Function("f", lambda *values: values[0] if values else None),
    "r": Record("record", {"Tag": "1.0", "List": [1]}),
    "m": StringMap({"k": "v"}),
    "e": EMPTY_OUTPUT,
}
quick = settings(max_examples=300, derandomize=True, deadline=None, database=None)
soups = st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join)

leaves = st.sampled_from(
    ["nil", "true", "0", "1", "-3", "2.5", "1e308", "'a'", "'é,b'", "''", "x", "vars", "vars.b", "vars.c", "zz", "r", "m"]
    + ["e", "f('q')", "date('2024-03-31')", "duration('90m')", "semverParse('1.2.3')", "1..3", "[]", "{}", "b'ab'", "#"]
)


def grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = "+ - * / % ** == != < >= in not¬in and or ?? .. contains matches startsWith |f()|".split()
    binary = st.builds(
        lambda left, operator, right: f"({left}) {operator.replace('¬', ' ')} ({right})",
        inner,
        st.sampled_from(operators[:-1]),
        inner,
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


def check_value(value: object) -> None:
    """A value is JSON when converted, or the error says why not."""
    try:
        converted = to_json(value)
    except ExpressionError:
        return
    json.dumps(converted, allow_nan=False)


@quick
@given(st.text(max_size=60))
def test_any_text_is_parsed_or_refused(text):
    for run in (parse, check_template):
        try:
            run(text)
        except ExpressionError as error:
            assert error.position is not None
            assert str(error)


@quick
@given(soups)
def test_any_words_are_evaluated_or_refused(source):
    try:
        value = evaluate(source, ENV)
    except ExpressionError as error:
        assert 0 <= error.position <= len(error.source)
    else:
        check_value(value)


@quick
@given(expressions)
def test_any_well_formed_expression_is_evaluated_or_refused(source):
    try:
        value = evaluate(source, ENV)
    except ExpressionError as error:
        assert 0 <= error.position <= len(error.source)
    else:
        check_value(value)


@quick
@given(st.lists(soups | st.text(max_size=10) | expressions.map("${{{{ {} }}}}".format), max_size=4).map("".join))
def test_any_template_is_rendered_or_refused(template):
    try:
        value = render(template, ENV)
    except ExpressionError as error:
        assert str(error)
    else:
        json.dumps(value, allow_nan=False)


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


@quick
@given(json_values.filter(lambda value: isinstance(value, list | dict)))
def test_a_structure_survives_a_template(value):
    rendered = render("${{ x }}", {"x": value})

    assert shrunk(rendered) == shrunk(value)


@quick
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_survives_a_template(number):
    rendered = render("${{ x }}", {"x": number})

    assert math.isclose(rendered, number, rel_tol=0, abs_tol=0)


@quick
@given(st.text(max_size=30))
def test_a_quoted_text_stays_a_text(text):
    assert isinstance(render("${{ quote(x) }}", {"x": text}), str)
