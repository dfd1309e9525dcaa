"""The grammar: precedence, blocks, chains, calls, and the errors of bad syntax."""

import pytest

from expressions import ExpressionError, evaluate, parse, walk
from expressions.nodes import Call, Member, Name

PRECEDENCE = [
    ("1 + 2 * 3", 7),
    ("(1 + 2) * 3", 9),
    ("10 - 2 - 3", 5),
    ("2 * 3 + 4 / 2", 8.0),
    ("- 2 * 3", -6),
    ("2 ** 3 ^ 2", 512.0),
    ("1..2 + 1", [1, 2, 3]),
    ("1 in 1..3", True),
    ("1 == 1 == true", True),
    ("1 != 2 in [true]", True),
    ("1 < 2 in [true]", True),
    ("1 < 2 < 3 == true", True),
    ("1 < 2 != false", True),
    ("3 > 2 >= 2", True),
    ("true or false and false", True),
    ("true || zz.x", True),
    ("false && zz.x", False),
    ("not true == false", True),
    ("!vars.b == false", True),
    ("not not true", True),
    ("- -1", 1),
    ("+5", 5),
    ('"a" + "b" matches "ab"', True),
    ("1 + 2 not in [3]", False),
    ("not vars.b ? 1 : 2", 2),
    ("false ? 1 : true ? 2 : 3", 2),
    ("false ?: 2", 2),
    ("true ?: 2", True),
    ("1 + 1 | string()", "2"),
    ("vars.zz ?? vars.nilv ?? 3", 3),
    ("-vars.zz ?? 4", -4),
    ("vars.zz ?? 1 | string() == '1'", True),
    ("'a' startsWith 'a' and 'b' endsWith 'b'", True),
    ("'a' not contains 'b' and 'a' not matches 'b' and 'a' not startsWith 'b' and 'a' not endsWith 'b'", True),
]

BLOCKS = [
    ("1; 2", 2),
    ("1; 2;", 2),
    ("(1; 2)", 2),
    ("let x = 1; x", 1),
    ("(let x = 1; x) + 1", 2),
    ("[let x = 1; x]", [1]),
    ("let vars = 1; vars", 1),
    ("let x = 1; [1, 2] | map(# + x)", [2, 3]),
    ("map([1, 2], let y = #; y * 2)", [2, 4]),
    ("map([1, 2], {let y = #; y * 2})", [2, 4]),
    ("(let x = 1; x) + (let x = 2; x)", 3),
    ("if true {1} else {2}", 1),
    ("if false {1} else {2}", 2),
    ("if true { let x = 1; x } else { 2 }", 1),
    ("true ? let x = 1; x : 2", 1),
    ("true ? if true {1} else {2} : 3", 1),
    ("[1, if true {2} else {3}]", [1, 2]),
]

COLLECTIONS = [
    ("[]", []),
    ("[1, 'a', nil]", [1, "a", None]),
    ("[1,]", [1]),
    ("{}", {}),
    ("{a: 1, 'b': 2, 3: 4, ('c' + 'd'): 5}", {"a": 1, "b": 2, "3": 4, "cd": 5}),
    ("{a: 1,}", {"a": 1}),
    ("{true: 1, nil: 2, null: 3}", {"true": 1, "nil": 2, "null": 3}),
    ("{0x10: 1, 1_0: 2}", {"0x10": 1, "1_0": 2}),
    ("{a: {b: [1]}}.a.b[0]", 1),
    ("{a: 1, a: 2}", {"a": 2}),
    ("map(1..2, {{'a': #}})", [{"a": 1}, {"a": 2}]),
    ("max(1, 2,)", 2),
    ("[[1..2]]", [[[1, 2]]]),
]

ERRORS = [
    ("", "the expression is empty"),
    ("  ", "the expression is empty"),
    ("1 2", "unexpected `2`, expected an operator or the end"),
    ("a b", "unexpected `b`"),
    ("()", "unexpected `)`, expected a value"),
    ("(1", "expected `)`"),
    ("[1", "expected `,` or `]`"),
    ("{a:1", "expected `,` or `}`"),
    ("{a}", "expected `:`"),
    ("{,}", "expected a map key"),
    ("{in: 1}", "expected a map key"),
    ("[,]", "unexpected `,`"),
    ("[1,,2]", "unexpected `,`"),
    ("1 +", "unexpected end of expression"),
    ("..1", "unexpected `..`"),
    ("1;; 2", "unexpected `;`"),
    ("1 not 2", "unexpected `not`"),
    ("1 not == 2", "unexpected `not`"),
    ("a ? 1", "expected `:`"),
    ("if true {1}", "expected `else`"),
    ("if true {} else {1}", "expected a value"),
    ("if true {1} else {2} + 1", "unexpected `+`"),
    ("1 + if true {1} else {2}", "unexpected `if`"),
    ("let x = 1", "expected `;`"),
    ("let x = let y = 1; y; x", "unexpected end of expression"),
    ("let x 1; x", "expected `=`"),
    ("let 1 = 1; x", "expected a variable name"),
    ("let x = 1; let x = 2; x", "cannot redeclare variable x"),
    ("let filter = 1; 1", "cannot redeclare builtin filter"),
    ("let secret = 1; 1", "cannot redeclare function secret"),
    ("'a' | upper", "expected `(`: write `upper()`"),
    ("a | 5", "expected a function after `|`"),
    ("'abc' | upper().x", "unexpected `.`"),
    ("true.x", "unexpected `.`"),
    ("nil.x", "unexpected `.`"),
    ("5?.x", "unexpected `?.`"),
    ("f()()", "unexpected `(`"),
    ("[1][0]()", "unexpected `(`"),
    ("vars.m{}", "unexpected `{`"),
    ("vars.5", "unexpected `.5`"),
    ("vars.", "expected a field name"),
    ("vars.list[1", "expected `]` or `:`"),
    ("vars.list[1:2", "expected `]`"),
    ("vars.list[]", "expected a value"),
    ("vars.zz ?? 1 in [1]", "`in` cannot follow `??`"),
    ("vars.zz ?? 'a' == 'a'", "`==` cannot follow `??`"),
    ("filter([1, 2], # > 1; true)", "wrap the predicate in `{` and `}`"),
    ("filter([1, 2])", "filter() needs a list and a predicate"),
    ("filter()", "filter() needs a list and a predicate"),
    ("count()", "count() needs a list"),
    ("filter([1, 2], # > 1, 3)", "expected `)`"),
    ("map([1], {})", "unexpected `}`"),
    ("map([1], #foo)", "unknown pointer `#foo`"),
    ("map([1], #acc)", "unknown pointer `#acc`"),
    ("reduce([1, 2], map([1], #acc), 0)", "unknown pointer `#acc`"),
    (".x", "allowed only in a predicate"),
    ("::5", "expected a function name after `::`"),
    ("'a' matches '('", "bad regular expression"),
]


@pytest.mark.parametrize(("source", "expected"), PRECEDENCE, ids=[case[0] for case in PRECEDENCE])
def test_operators_bind_by_their_precedence(env, source, expected):
    value = evaluate(source, env)

    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(("source", "expected"), BLOCKS, ids=[case[0] for case in BLOCKS])
def test_blocks_and_variables(env, source, expected):
    assert evaluate(source, env) == expected


@pytest.mark.parametrize(("source", "expected"), COLLECTIONS, ids=[case[0] for case in COLLECTIONS])
def test_lists_and_maps(env, source, expected):
    assert evaluate(source, env) == expected


@pytest.mark.parametrize(("source", "message"), ERRORS, ids=[case[0] or "empty" for case in ERRORS])
def test_refuses_bad_syntax(env, source, message):
    with pytest.raises(ExpressionError) as caught:
        evaluate(source, env)

    assert message in caught.value.message


def test_a_variable_ends_with_its_block(env):
    assert evaluate("(let x = 1; x); x", env) is None


def test_the_key_of_a_map_must_be_a_string():
    with pytest.raises(ExpressionError, match="a map key must be a string, not int"):
        evaluate("{(1): 2}", {})


def test_a_forced_builtin_passes_over_the_functions_of_the_host(env):
    assert evaluate("::len('abc')", env) == 3
    with pytest.raises(ExpressionError, match="unknown function secret"):
        evaluate("::secret('x')", env)


def test_walks_over_all_nodes_for_linting():
    nodes = list(walk(parse("let a = outputs.x?.y; [commitFrom(vars.url).ID, {b: a}]")))

    assert [node.name for node in nodes if isinstance(node, Call)] == ["commitFrom"]
    assert [node.name for node in nodes if isinstance(node, Name)] == ["outputs", "vars", "a"]
    assert [node.name for node in nodes if isinstance(node, Member)] == ["y", "x", "ID", "url"]
