"""What an error says, and where it points."""

import pytest

from expressions import ExpressionError, evaluate

PLACES = [
    ("1 + zz.x", "x"),
    ("vars.a.b", "b"),
    ("foo(1)", "foo"),
    ("1 + 'a'", "+"),
    ("[1, 2, nope.x]", "x"),
    ("map([1], #.a)", "a)"),
    ("{a: 1, (5): 2}", "(5)"),
    ("true ? zz.x : 1", "x"),
    ("not 5", "not"),
    ("5 and true", "5"),
    ("5 ? 1 : 2", "5"),
    ("1 < 2 < 'a'", "< 'a'"),
    ("len(5)", "len"),
    ("'a' | len() | upper()", "upper"),
    ("date('x').Year()", "date"),
    ("date('2024-01-02').Foo()", "Foo"),
    ("[1][5]", "[5]"),
    ("vars[1:2]", "[1:2]"),
    ("let x = 5; x.y", "y"),
    ("if 5 {1} else {2}", "5 {"),
    ("-'a'", "-"),
]


@pytest.mark.parametrize(("source", "where"), PLACES, ids=[case[0] for case in PLACES])
def test_points_at_the_fault(source, where):
    with pytest.raises(ExpressionError) as caught:
        evaluate(source, {"vars": {}})

    assert source[caught.value.position :].startswith(where)
    assert caught.value.source == source


def test_shows_the_source_with_a_caret_under_the_fault():
    with pytest.raises(ExpressionError) as caught:
        evaluate("vars.image.Tag", {"vars": {}})

    assert str(caught.value) == ("cannot fetch Tag from nil; did you mean `?.Tag`?\n  vars.image.Tag\n             ^")


def test_shows_only_the_line_of_the_fault():
    with pytest.raises(ExpressionError) as caught:
        evaluate("1 +\n\tzz.x +\n 3", {})

    assert caught.value.excerpt == "   zz.x +\n      ^"


def test_shows_a_window_of_a_long_line():
    with pytest.raises(ExpressionError) as caught:
        evaluate("1 + " * 200 + "zz.x" + " + 1" * 200, {})

    line, caret = caught.value.excerpt.split("\n")
    assert len(line) <= 102
    assert line[caret.index("^")] == "x"


def test_an_error_without_a_place_is_its_message():
    error = ExpressionError("secret() needs a name", hint="give one")

    assert str(error) == "secret() needs a name; give one"
    assert error.excerpt == ""


def test_a_path_stands_before_the_message():
    error = ExpressionError("wrong", 0, "x").under("config.image")

    assert str(error) == "config.image: wrong\n  x\n  ^"


def test_the_first_place_stays():
    error = ExpressionError("wrong").at(3, "inner").at(0, "outer")

    assert (error.position, error.source) == (3, "inner")


def test_a_comparison_with_one_equals_sign_gets_a_hint():
    with pytest.raises(ExpressionError) as caught:
        evaluate("vars.a = 1", {})

    assert "use `==` to compare" in str(caught.value)


def test_a_single_ampersand_gets_a_hint():
    with pytest.raises(ExpressionError) as caught:
        evaluate("a & b", {})

    assert "did you mean `&&`?" in str(caught.value)
