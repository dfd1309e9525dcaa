"""Functions the host hands in: counts and types of arguments, results, and names."""

import datetime
import enum

import pytest

from expressions import Duration, ExpressionError, Function, Record, evaluate, render


def make(call, *rest) -> dict[str, object]:
    return {"f": Function("f", call, *rest)}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("secret()", "secret() takes 1 argument, not 0"),
        ("secret('a', 'b')", "secret() takes 1 argument, not 2"),
        ("imageFrom()", "imageFrom() takes 1 to 2 arguments, not 0"),
        ("imageFrom('a', 'b', 'c')", "imageFrom() takes 1 to 2 arguments, not 3"),
        ("secret(5)", "argument 1 of secret() must be a string, not int"),
        ("secret(nil)", "argument 1 of secret() must be a string, not nil"),
        ("secret('')", "secret() needs a name"),
        ("secrets('a')", "unknown function secrets; did you mean `secret(...)`?"),
        ("uper('a')", "did you mean `upper(...)`?"),
        ("vars()", "unknown function vars"),
        ("quote('a')", "unknown function quote"),
    ],
)
def test_refuses_a_wrong_call(env, source, message):
    with pytest.raises(ExpressionError) as caught:
        evaluate(source, env)

    assert message in caught.value.summary
    assert caught.value.position == 0


def test_a_function_without_most_takes_any_number():
    env = make(lambda *values: len(values), 1, None)

    assert evaluate("f(1, 2, 3, 4)", env) == 4
    with pytest.raises(ExpressionError, match="at least 1 argument"):
        evaluate("f()", env)


@pytest.mark.parametrize(
    ("wanted", "good", "bad"),
    [
        (str, "'a'", "1"),
        (int, "1", "true"),
        (int, "1", "1.5"),
        (bool, "true", "1"),
        (float, "1.5", "1"),
        (list, "[1]", "'a'"),
        (dict, "{a: 1}", "[1]"),
        (Record, "r", "{}"),
        (Duration, "duration('1s')", "'1s'"),
    ],
)
def test_checks_the_types_of_arguments(wanted, good, bad):
    env = make(lambda value: "ok", 1, 1, (wanted,)) | {"r": Record("r", {})}

    assert evaluate(f"f({good})", env) == "ok"
    with pytest.raises(ExpressionError, match=r"argument 1 of f\(\) must be a"):
        evaluate(f"f({bad})", env)


def test_an_argument_without_type_takes_anything():
    env = make(lambda first, second: second, 2, 2, (None, str))

    assert evaluate("f(nil, 'a')", env) == "a"
    with pytest.raises(ExpressionError, match="argument 2"):
        evaluate("f(nil, nil)", env)


def test_the_name_of_a_function_is_no_value(env):
    assert evaluate("secret", env) is None
    assert evaluate("[secret, secret == nil]", env) == [None, True]
    assert render("${{ secret }}", env) is None


def test_a_host_function_wins_over_a_builtin_of_the_same_name():
    env = {"len": Function("len", lambda value: "mine", 1, 1)}

    assert evaluate("len('abc')", env) == "mine"
    assert evaluate("'abc' | len()", env) == "mine"
    assert evaluate("::len('abc')", env) == 3


def test_a_value_does_not_hide_a_builtin_of_the_same_name():
    assert evaluate("len('abc') + len", {"len": 4}) == 7


def test_a_pipe_passes_the_value_as_first_argument(env):
    assert evaluate("'found' | imageFrom()", env).fields["Tag"] == "1.10"


@pytest.mark.parametrize(
    ("result", "source", "expected"),
    [
        (datetime.timedelta(seconds=90), "string(f())", "1m30s"),
        (datetime.datetime(2024, 1, 2, tzinfo=datetime.UTC), "f().Year()", 2024),
        ((1, 2), "f() == [1, 2]", True),
        ({"a": (1,)}, "f().a[0]", 1),
        (enum.IntEnum("Number", {"ONE": 1}).ONE, "f() + 1", 2),
        (enum.StrEnum("Text", {"A": "a"}).A, "f() + 'b'", "ab"),
        (None, "f()?.x", None),
    ],
    ids=lambda value: str(value)[:30],
)
def test_results_become_values_of_the_language(result, source, expected):
    assert evaluate(source, make(lambda: result)) == expected


def test_an_error_of_a_function_gets_the_place_of_its_call(env):
    with pytest.raises(ExpressionError) as caught:
        evaluate("1 + secret('')", env)

    assert caught.value.position == 4
    assert caught.value.source == "1 + secret('')"


def test_other_exceptions_of_a_function_pass_through():
    def fail() -> None:
        raise ConnectionError("registry is down")

    with pytest.raises(ConnectionError, match="registry is down"):
        render("${{ f() }}", make(fail))


def test_a_bare_python_function_is_refused():
    with pytest.raises(ExpressionError, match="unknown function f"):
        evaluate("f()", {"f": lambda: 1})
    with pytest.raises(ExpressionError, match="a Python function cannot be used"):
        evaluate("f", {"f": lambda: 1})
