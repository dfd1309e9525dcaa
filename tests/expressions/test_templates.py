"""Templates: finding expressions, joining the pieces, quoting, structures."""

import pytest

from expressions import (
    ExpressionError,
    check_template,
    evaluate,
    list_template_errors,
    parse_template,
    render,
    render_structure,
)

RENDERED = [
    ("plain", "plain"),
    ("", ""),
    ("$5 {{ x }} $ {{", "$5 {{ x }} $ {{"),
    ("${ x }", "${ x }"),
    ("}} %}", "}} %}"),
    ("${{ 42 }}", 42),
    ("${{ quote(42) }}", "42"),
    ('${{ "1.10" }}', 1.1),
    ('v${{ "1.10" }}', "v1.10"),
    ('${{ "1e3" }}', 1000),
    ('${{ "t" }}', True),
    ('${{ "yes" }}', "yes"),
    ('${{ "null" }}', None),
    ("${{ nil }}", None),
    ('${{ "" }}', ""),
    ("${{ 1 }}${{ 2 }}", 12),
    ("PR #${{ 3 }}", "PR #3"),
    ('${{ quote("x") }} and ${{ quote("y") }}', 'x" and "y'),
    ("a ${{ [1] }}", "a [1]"),
    ("${{ 42 }}\n", 42),
    ('${{ "abc" }}\n', "abc\n"),
    ("${{ quote(42) }}\n", "42\n"),
    ("${{ vars.m }}", {"a": 1}),
    ("${{ [1, 2.0] }}", [1, 2]),
    ("x${{ true }}", "xtrue"),
    ("x${{ 2.0 }}", "x2"),
    ("x${{ 0.1 }}", "x0.1"),
    ("x${{ 1e21 }}", "x1e+21"),
    ("x${{ 1e-7 }}", "x1e-7"),
    ("x${{ 1e20 }}", "x100000000000000000000"),
    ('x${{ {"b": 1, "a": "<&>"} }}', 'x{"a":"\\u003c\\u0026\\u003e","b":1}'),
    ("x${{ '<&>' }}", "x<&>"),
    ("x${{ b'ab' }}", 'x"YWI="'),
    ("${{ date('2024-01-02') }}", "2024-01-02T00:00:00Z"),
    ("x ${{ duration('1s') }}", "x 1000000000"),
    ("${{ imageFrom('found') }}", {"repoURL": "ghcr.io/shop", "tag": "1.10"}),
    ("${{ imageFrom('no') }}", None),
    ("${{ secret('x') }}", {"user": "alice"}),
    ("${% 1 + 1 %}", 2),
    ("${% map(1..2, {{'a': #}}) %}", [{"a": 1}, {"a": 2}]),
    ("${{ 'a' }}-${% 'b' %}-${{ 'c' }}", "a-b-c"),
    ("${% '}}' %}", "}}"),
    ("${{ '%}' }}", "%}"),
    ("${{ '${{' }}", "${{"),
    ("${{\n  1 +\n  1\n}}", 2),
    ("${{ vars.s }} ${{ vars.uni }}", "hi héllo"),
    ("${{ always }}", None),
]

QUOTED = [
    ("${{ quote('a\"b') }}", r"a\"b"),
    ("${{ quote('a\\nb\\t\\\\') }}", r"a\nb\t\\"),
    ("${{ quote('é😀') }}", "é😀"),
    ("${{ quote('\\x00\\x7f\\u200b\\U000E0001') }}", r"\x00\x7f\u200b\U000e0001"),
    ("${{ quote('\\a\\b\\f\\r\\v') }}", r"\a\b\f\r\v"),
    ('${{ quote({"a": 1}) }}', '{"a":1}'),
    ("${{ quote(nil) }}", "null"),
    ("${{ quote(true) }}", "true"),
    ("${{ quote('42') }}", "42"),
    ("${{ quote('') }}", ""),
    ("${{ unsafeQuote('foo') }}", '"foo"'),
    ("${{ unsafeQuote(1) }}", "1"),
    ("${{ asJSON({b: 1, a: [1, '<']}) }}", '{\n  "a": [\n    1,\n    "\\u003c"\n  ],\n  "b": 1\n}\n'),
    ("${{ asYAML({b: 1, a: [1, {c: 'x'}]}) }}", "a:\n    - 1\n    - c: x\nb: 1\n"),
    ("${{ asYAML('x') }}\n", "x\n\n"),
    ("${{ asYAML([]) }}", "[]\n"),
    ("x ${{ asJSON(1) }}", 'x "1\n"'),
    ("${{ vars.m | asJSON() }}", '{\n  "a": 1\n}\n'),
]

ERRORS = [
    ("${{ 1", 'unclosed expression: expected "}}" but reached end of template', 0),
    ("ab ${% 1 }}", 'unclosed expression: expected "%}"', 3),
    ("a ${{}}", "the expression is empty", 2),
    ("a ${{  }}", "the expression is empty", 2),
    ("${{ 1 }} ${{ 1 + }}", "unexpected end of expression", 5),
    ("${{ zz.x }}", "cannot fetch x from nil", 4),
    ("${{ 1/0 }}", "+Inf cannot be written as JSON", 0),
    ("${{ [0/0] }}", "NaN cannot be written as JSON", 0),
    ("${{ quote() }}", "quote() takes 1 argument, not 0", 1),
    ("${{ quote(1, 2) }}", "quote() takes 1 argument, not 2", 1),
    ("${{ asYAML() }}", "asYAML() takes 1 argument", 1),
    ("${{ asJSON(1, 2) }}", "asJSON() takes 1 argument", 1),
    ("${{ unsafeQuote() }}", "unsafeQuote() takes 1 argument", 1),
    ("${{ let quote = 1; quote }}", "cannot redeclare builtin quote", 5),
]


@pytest.mark.parametrize(
    ("template", "expected"),
    RENDERED + QUOTED,
    ids=[repr(case[0]) for case in RENDERED + QUOTED],
)
def test_renders(env, template, expected):
    value = render(template, env)

    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(("template", "message", "position"), ERRORS, ids=[case[0] for case in ERRORS])
def test_refuses_to_render(env, template, message, position):
    with pytest.raises(ExpressionError) as caught:
        render(template, env)

    assert message in caught.value.message
    assert caught.value.position == position


@pytest.mark.parametrize("name", ["quote", "asYAML", "asJSON"])
def test_the_environment_must_not_define_a_function_of_templates(name):
    with pytest.raises(ExpressionError, match=f"must not define {name}"):
        render("${{ 1 }}", {name: 1})


def test_functions_of_templates_are_unknown_in_bare_expressions(env):
    with pytest.raises(ExpressionError, match="unknown function quote"):
        evaluate("quote(1)", env)


@pytest.mark.parametrize("template", ["plain", "${{ 1 }}", "${{ unknown(1).x }}", "a ${% b %}"])
def test_check_accepts_what_can_be_compiled(template):
    check_template(template)


@pytest.mark.parametrize("template", ["${{ 1 + }}", "${{", "${{ }}", "${{ 'a' matches '(' }}", "x ${% ( %}"])
def test_check_refuses_bad_syntax(template):
    with pytest.raises(ExpressionError):
        check_template(template)


def test_parses_every_expression_of_a_template():
    assert len(parse_template("a ${{ 1 }} b ${% 2 %}")) == 2
    assert parse_template("plain") == []


def test_renders_every_text_of_a_structure_and_no_key(env):
    config = {
        "${{ key }}": 1,
        "image": "${{ imageFrom('found').Tag }}",
        "list": ["${{ vars.s }}", 5, None, {"deep": "${{ vars.m }}"}],
        "flag": True,
    }

    assert render_structure(config, env) == {
        "${{ key }}": 1,
        "image": 1.1,
        "list": ["hi", 5, None, {"deep": {"a": 1}}],
        "flag": True,
    }


def test_texts_in_a_result_are_not_rendered_again():
    assert render_structure({"a": "${{ x }}"}, {"x": {"b": "${{ y }}"}}) == {"a": {"b": "${{ y }}"}}


def test_rendering_leaves_the_structure_as_it_was(env):
    config = {"a": ["${{ vars.s }}"]}

    render_structure(config, env)

    assert config == {"a": ["${{ vars.s }}"]}


@pytest.mark.parametrize(
    ("config", "path"),
    [
        ({"a": "${{ zz.x }}"}, "config.a"),
        ({"updates": [{"value": 1}, {"value": "${{ zz.x }}"}]}, "config.updates[1].value"),
        ({"a.b": {"c-d": "${{ zz.x }}"}}, 'config["a.b"].c-d'),
        ({"a": {"": "${{ zz.x }}"}}, 'config.a[""]'),
    ],
)
def test_an_error_names_the_field(config, path):
    with pytest.raises(ExpressionError) as caught:
        render_structure(config, {})

    assert caught.value.path == path
    assert str(caught.value).startswith(f"{path}: cannot fetch x from nil")


@pytest.mark.parametrize("config", [None, [], "${{ 1 }}", 5])
def test_the_top_level_must_be_a_map(config):
    with pytest.raises(ExpressionError, match=r"step\.config: expected a map"):
        render_structure(config, {}, path="step.config")


def test_a_structure_nested_too_deeply_is_refused():
    config: dict = {}
    inner = config
    for _ in range(150):
        inner["a"] = {}
        inner = inner["a"]

    with pytest.raises(ExpressionError, match="levels deep"):
        render_structure(config, {})


def test_lists_all_syntax_errors_of_a_structure():
    config = {"a": "${{ 1 + }}", "b": [1, "fine", "${{ 2 }}", {"c": "${{"}], "d": None}

    errors = list_template_errors(config)

    assert [error.path for error in errors] == ["config.a", "config.b[3].c"]
    assert list_template_errors({"a": "${{ 1 }}"}) == []
