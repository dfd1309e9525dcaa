"""Expressions whose results were observed with the engine Kargo uses."""

import pytest

from expressions import ExpressionError, evaluate, render
from expressions.durations import Duration

VALUES = [
    ("vars.uni[0:2]", "h\ufffd"),
    ("len(vars.uni)", 5),
    ('indexOf("héllo","l")', 3),
    ("vars.list[-1]", "b"),
    ("vars.list[1:10]", ["b"]),
    ('"abc"[5:]', ""),
    ('"abc"[2:1]', ""),
    ('imageFrom("nope") == nil', True),
    ('imageFrom("nope")?.Tag', None),
    ('imageFrom("found").Tag', "1.10"),
    ("foo", None),
    ("foo?.bar.baz", None),
    ("vars?.zz?.[0]", None),
    ('secret("x").nope', ""),
    ("4/2", 2.0),
    ("7%3", 1),
    ("-5 % 3", -2),
    ("2**-1", 0.5),
    ("(1 ?? 2) + 3", 4),
    ("1 + nil ?? 2", 3),
    ("vars.zz ?? [] | len()", 0),
    ("not vars.b and true", False),
    ("1 < 2 < 3", True),
    ("3 > 2 > 2", False),
    ("1 < 2 == true", True),
    ("true ? false ? 1 : 2 : 3", 2),
    ("true && vars.s", "hi"),
    ("nil == false", False),
    ('vars.num == "3"', False),
    ("vars.str3 in [3]", False),
    ("[1] == [1.0]", True),
    ("3 in [1,2,3.0]", True),
    (r'"a\nb" matches "a.b"', False),
    ('"ABC" matches "(?i)abc"', True),
    ('vars.nilv contains "x"', False),
    ("1 not in [2]", True),
    ('"a" in vars.m', True),
    ("1 in vars.nilv", False),
    ('vars.objs | filter(.v > 1) | map(.n) | join(",")', "x"),
    ('map(vars.objs, ({"a": .n}))', [{"a": "x"}, {"a": "y"}]),
    ("reduce(1..4, #acc * #)", 24),
    ("reduce([], #acc + #, 0)", 0),
    ("findIndex(vars.ints, # > 5)", None),
    ('split("a b  c", " ")', ["a", "b", "", "c"]),
    ('split("abc", "")', ["a", "b", "c"]),
    ('map([1,2], string(#)) | join(",")', "1,2"),
    ("int(-1.9)", -1),
    ("round(-2.5)", -3.0),
    ('get(vars.zz, "a")', None),
    ("first([])", None),
    ("max([])", None),
    ("let x = 1; let y = 2; x + y", 3),
    ("if 1 > 2 {1} else if true {2} else {3}", 2),
    ('date("2024-01-02").AddDate(0,0,1).Format("2006-01-02")', "2024-01-03"),
    ('duration("1h") * 2 > duration("90m")', True),
    ('string(duration("90s"))', "1m30s"),
    ('string(date("2023-08-14").Month())', "August"),
    ("vars.zz ?? true ? 1 : 2", 1),
    ("-2 ** 2", -4.0),
    ("2 ** 3 ** 2", 512.0),
    ("1 + vars.zz ?? 2 + 3", 6),
    ("vars.zz?.a().b", None),
    ("(vars.zz?.a).b", None),
    ('1 | string() + "a"', "1a"),
    ('duration("1h") * 1.5', 5.4e12),
    ('duration("1h") * 2', Duration(7_200_000_000_000)),
]

ERRORS = [
    ("vars.list[5]", "index 5 is out of range"),
    ('imageFrom("nope").Tag', "cannot fetch Tag from nil"),
    ('imageFrom("found").tag', "has no field tag"),
    ("foo.bar", "cannot fetch bar from nil"),
    ("foo()", "unknown function foo"),
    ("vars.nilv?.foo[0]", "cannot fetch an element from nil"),
    ("1 ?? 2 + 3", "cannot follow `??`"),
    ("not 1 == 2", "takes a bool, not int"),
    ("vars.s ? 1 : 2", "must be a bool, not string"),
    ("not vars.nilv", "takes a bool, not nil"),
    ('map(vars.objs, {"a": .n})', "expected `}`"),
    ('join([1,2], ",")', "join() takes a string, not int"),
    ('int("1.5")', "int() cannot read '1.5'"),
    ("let len = 1; len", "cannot redeclare builtin len"),
    ('duration("1h") / 2', "`/` does not take"),
    ("len(1..1000001)", "memory budget exceeded"),
]

TEMPLATES = [
    ("""${{ quote('say "hi"') }}""", r"say \"hi\""),
    ("""${{ {"a": "<b>"} }}""", {"a": "<b>"}),
    ("x${{ nil }}y", "xnully"),
]


def is_same(value: object, expected: object) -> bool:
    return type(value) is type(expected) and value == expected


@pytest.mark.parametrize(("source", "expected"), VALUES, ids=[case[0] for case in VALUES])
def test_gives_the_observed_value(env, source, expected):
    assert is_same(evaluate(source, env), expected)


@pytest.mark.parametrize(("source", "message"), ERRORS, ids=[case[0] for case in ERRORS])
def test_gives_an_error_where_one_was_observed(env, source, message):
    with pytest.raises(ExpressionError) as caught:
        evaluate(source, env)

    assert message in caught.value.message
    assert caught.value.position is not None


@pytest.mark.parametrize(("template", "expected"), TEMPLATES, ids=[case[0] for case in TEMPLATES])
def test_renders_the_observed_value(env, template, expected):
    assert is_same(render(template, env), expected)


def test_an_expression_ends_at_the_first_end_delimiter(env):
    with pytest.raises(ExpressionError, match="unclosed text"):
        render("${{ '}}' }}", env)
