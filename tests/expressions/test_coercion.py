"""What the text of a rendered template becomes."""

import pytest

from expressions import ExpressionError, render, to_bool

# The text R after evaluation, and the value it means.
CASES = [
    ("42", 42),
    ("-42", -42),
    ("+42", 42),
    ("007", 7),
    ("1.10", 1.1),
    ("1.0", 1),
    (".5", 0.5),
    ("5.", 5),
    ("1e3", 1000),
    ("1E-2", 0.01),
    ("0x1p4", 16),
    ("-0x1.8p1", -3),
    ("1_000", 1000),
    ("9007199254740992", 2**53),
    ("9007199254740994", 9007199254740994.0),
    ("1e20", 1e20),
    ("0x10", "0x10"),
    ("1__0", "1__0"),
    ("1_", "1_"),
    ("1e400", "1e400"),
    ("1e", "1e"),
    (".", "."),
    ("nan", "nan"),
    ("NaN", "NaN"),
    ("inf", "inf"),
    ("-Infinity", "-Infinity"),
    ("+inf", "+inf"),
    ("1.2.3", "1.2.3"),
    (" 42", 42),
    ("42 ", 42),
    ("\t42\t", 42),
    (" 007", " 007"),
    ("１", "１"),
    ("t", True),
    ("T", True),
    ("true", True),
    ("True", True),
    ("TRUE", True),
    ("f", False),
    ("F", False),
    ("false", False),
    ("False", False),
    ("FALSE", False),
    ("1", 1),
    ("0", 0),
    ("tRUE", "tRUE"),
    (" true ", True),
    ("yes", "yes"),
    ("on", "on"),
    ("null", None),
    (" null", None),
    ("nil", "nil"),
    ("", ""),
    (" ", " "),
    ("[1, 2.0, 2.5]", [1, 2, 2.5]),
    (' {"a": [true, null]} ', {"a": [True, None]}),
    ("{a: 1}", "{a: 1}"),
    ("[1", "[1"),
    ("[1e400]", "[1e400]"),
    ("[NaN]", "[NaN]"),
    ("[9007199254740994]", [9007199254740994.0]),
    ('{"a":1,"a":2}', {"a": 2}),
    ('"x"', "x"),
    ('"x" and "y"', 'x" and "y'),
    ('""', ""),
    ('"', '"'),
    ('"42"', "42"),
    ('"a\\nb"', "a\\nb"),
    (' "a\\nb" ', "a\nb"),
    ("'x'", "'x'"),
    ("42\n", 42),
    ("abc\n", "abc\n"),
    ("abc\n\n", "abc\n\n"),
    ('"42"\n', "42\n"),
    ("true\n", True),
    ("[1]\n", [1]),
    ("\n", "\n"),
    ("null\n", None),
    ("2024-01-02", "2024-01-02"),
    ("deadbeef", "deadbeef"),
    ("123e4567", "123e4567"),
]


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[repr(case[0]) for case in CASES])
def test_a_rendered_text_means(text, expected):
    value = render("${{ x }}", {"x": text})

    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize("text", [case[0] for case in CASES], ids=repr)
def test_a_text_without_delimiters_is_not_touched(text):
    assert render(text, {}) == text


def test_lone_surrogates_and_deep_nesting_do_not_crash():
    assert render("${{ x }}", {"x": "[" * 100_000}) == "[" * 100_000
    assert isinstance(render("${{ x }}", {"x": '["\\ud800"]'}), list)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, True),
        (False, False),
        ("true", True),
        ("1", True),
        ("t", True),
        ("T", True),
        ("TRUE", True),
        ("True", True),
        ("false", False),
        ("0", False),
        ("f", False),
        ("F", False),
        ("FALSE", False),
        ("False", False),
    ],
)
def test_to_bool_reads(value, expected):
    assert to_bool(value) is expected


@pytest.mark.parametrize("value", ["yes", "", " true", 1, 0, 1.0, None, [], {}])
def test_to_bool_refuses(value):
    with pytest.raises(ExpressionError, match="expected a bool, not"):
        to_bool(value)
