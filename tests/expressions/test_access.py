"""Members, elements, slices, and the nil that ends a chain."""

import pytest

from expressions import EMPTY_OUTPUT, ExpressionError, Function, Record, StringMap, evaluate

VALUES = [
    ("vars.m.a", 1),
    ("vars . m . a", 1),
    ("vars['m']['a']", 1),
    ("vars.m.zz", None),
    ("vars['zz']", None),
    ("vars[nil]", None),
    ("vars?.m?.a", 1),
    ("vars?.[nil]", None),
    ("zz?.a.b.c", None),
    ("zz?.a().b", None),
    ("zz?.['m'].a", None),
    ("vars?.['m'].a", 1),
    ("(zz?.a).b", None),
    ("vars.objs[0].n", "x"),
    ("vars.objs?.[0]?.n", "x"),
    ("vars.objs[-1]['n']", "y"),
    ("vars.ints[1.7]", 2),
    ("vars.ints[vars.num - 1]", 3),
    ("vars.s[0]", 104),
    ("vars.uni[1]", 0xC3),
    ("b'a'[0]", 97),
    ("imageFrom('found').Tag", "1.10"),
    ("imageFrom('found')['Tag']", "1.10"),
    ("imageFrom('found')?.Tag", "1.10"),
    ("secret('x').user", "alice"),
    ("secret('x').nope", ""),
    ("secret('x')?.nope", ""),
    ("secret('x')['nope']", ""),
    ("secret('x')[nil]", ""),
    ("secret('x').nope ?? 'd'", ""),
    ("secret('unknown').user", ""),
    ("groupBy([1, 2], # > 1)[true]", [2]),
    ("groupBy(vars.objs, .n).x[0].v", 2),
    ("$env.vars.s", "hi"),
    ("$env['zz']", None),
    ("'vars' in $env", True),
]

SLICES = [
    ("vars.ints[1:]", [2, 3]),
    ("vars.ints[:1]", [1]),
    ("vars.ints[:]", [1, 2, 3]),
    ("vars.ints[-2:]", [2, 3]),
    ("vars.ints[:-1]", [1, 2]),
    ("vars.ints[5:10]", []),
    ("vars.ints[-10:2]", [1, 2]),
    ("vars.ints[2:1]", []),
    ("vars.ints[true ? 1 : 0:]", [2, 3]),
    ("vars.s[0:1.5]", "h"),
    ("'abcdef'[-3:-1]", "de"),
    ("vars.uni[1:3]", "é"),
    ("vars.uni[3:]", "llo"),
    ("vars.uni[2:3]", "\ufffd"),
    ("b'abc'[1:]", b"bc"),
]

ERRORS = [
    ("vars.s.y", "cannot fetch y from string"),
    ("vars.ints.x", "cannot fetch x from array"),
    ("vars.m.a.b", "cannot fetch b from int"),
    ("vars.m.a?.b", "cannot fetch b from int"),
    ("vars.zz.b", "cannot fetch b from nil; did you mean `?.b`?"),
    ("zz?.a[0]", "cannot fetch an element from nil; did you mean `?.[`?"),
    ("zz[0]", "cannot fetch an element from nil"),
    ("vars.ints['0']", "an index must be an int, not string"),
    ("vars.ints[nil]", "an index must be an int, not nil"),
    ("vars.ints[true]", "an index must be an int, not bool"),
    ("vars.ints[3]", "index 3 is out of range: there are 3 elements"),
    ("vars.ints[-4]", "index -4 is out of range"),
    ("vars.ints[1e300]", "an index must be an int"),
    ("vars.m[1]", "a map key must be a string, not int"),
    ("vars.m[['a']]", "a map key must be a string, not array"),
    ("groupBy([1], #)[[1]]", "a map key must be a string, not array"),
    ("'abc'[0]", "a text has no elements; use a slice"),
    ("5[0]", "unexpected `[`"),
    ("vars.num[0]", "cannot fetch an element from float"),
    ("imageFrom('found').tag", "imageFrom(...) has no field tag; did you mean `.Tag`?"),
    ("imageFrom('found').Nothing", "has no field Nothing"),
    ("imageFrom('found')['x']", "has no field x"),
    ("imageFrom('no').Tag", "did you mean `?.Tag`?"),
    ("date('2024-01-02').Year", "cannot fetch Year from time.Time"),
    ("vars.m[0:1]", "cannot slice map"),
    ("zz[0:1]", "cannot slice nil"),
    ("5 | string() | get('a')", "get() takes a list or map, not string"),
    ("vars.ints['a':]", "a bound of a slice must be an int, not string"),
    ("vars.ints[nil:]", "a bound of a slice must be an int, not nil"),
    ("vars.ints[:true]", "a bound of a slice must be an int, not bool"),
]


@pytest.mark.parametrize(("source", "expected"), VALUES + SLICES, ids=[case[0] for case in VALUES + SLICES])
def test_fetches(env, source, expected):
    assert evaluate(source, env) == expected


@pytest.mark.parametrize(("source", "message"), ERRORS, ids=[case[0] for case in ERRORS])
def test_refuses_to_fetch(env, source, message):
    with pytest.raises(ExpressionError) as caught:
        evaluate(source, env)

    assert message in caught.value.summary


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("outputs.push == nil", True),
        ("nil == outputs.push", True),
        ("outputs.push != nil", False),
        ("outputs.push", None),
        ("outputs.push.commit", None),
        ("outputs.push['commit']", None),
        ("outputs['push'].commit", None),
        ("outputs.push?.commit", None),
        ("outputs.push ?? 1", 1),
        ("outputs.push.commit ?? 1", 1),
        ("let x = outputs.push; x.commit", None),
        ("let x = outputs.push; x == nil", True),
        ("[outputs.push]", [None]),
        ("type(outputs.push)", "nil"),
        ("outputs.push in [nil]", True),
        ("map(values(outputs), # == nil)", [True]),
        ("string(outputs.push)", "<nil>"),
        ("toJSON(outputs)", '{\n  "push": null\n}'),
        ("outputs.other == nil", True),
        ("outputs.push == outputs.other", True),
    ],
)
def test_the_output_of_a_step_without_output_is_nil_and_so_are_its_members(source, expected):
    assert evaluate(source, {"outputs": {"push": EMPTY_OUTPUT}}) == expected


@pytest.mark.parametrize("source", ["outputs.other.commit", "outputs.push.commit.id", "outputs.push.f()"])
def test_other_members_of_nil_stay_errors(source):
    with pytest.raises(ExpressionError):
        evaluate(source, {"outputs": {"push": EMPTY_OUTPUT}})


def test_a_name_with_a_dash_gets_a_hint():
    with pytest.raises(ExpressionError) as caught:
        evaluate("outputs.open-pr.pr.id", {"outputs": {"open-pr": {"pr": {"id": 1}}}})

    assert "['open-pr']" in caught.value.summary


def test_a_real_subtraction_gets_no_hint_about_dashes():
    with pytest.raises(ExpressionError) as caught:
        evaluate("a.b - c.d", {"a": {"b": 1}, "c": {"d": "x"}})

    assert caught.value.hint == ""


def test_a_map_may_hold_a_function(env):
    headers = Function("header", lambda name: {"X-Event": "push"}.get(name), 1, 1, (str,))

    assert evaluate("request.header('X-Event')", {"request": {"header": headers}}) == "push"
    assert evaluate("request?.header('X-Event')", {"request": {"header": headers}}) == "push"
    assert evaluate("request.header", {"request": {"header": headers}}) is None


@pytest.mark.parametrize("source", ["vars.m.zz()", "vars.m.a()", "imageFrom('found').Tag()", "zz.f()", "5.f()"])
def test_only_functions_can_be_called(env, source):
    with pytest.raises(ExpressionError):
        evaluate(source, env)


def test_a_record_may_hold_records_and_string_maps():
    image = Record("image", {"Origin": Record("origin", {"Name": "w"}), "Annotations": StringMap({"a": "1"})})

    assert evaluate("x.Origin.Name + x.Annotations['a'] + x.Annotations['b']", {"x": image}) == "w1"


class Secretive:
    """A Python object with attributes nobody may reach."""

    value = 42


@pytest.mark.parametrize(
    "source", ["x", "x.value", "x['value']", "x.__class__", "[x]", "x == x", "type(x)", "l[0]", "m.x"]
)
def test_python_objects_are_refused(source):
    env = {"x": Secretive(), "l": [Secretive()], "m": {"x": Secretive()}}

    with pytest.raises(ExpressionError, match="a Python Secretive cannot be used"):
        evaluate(source, env)


@pytest.mark.parametrize(
    "source", ["'a'.__class__", "[].append", "{}.__class__.x", "date('2024-01-02').__init__()", "{}.keys()"]
)
def test_python_attributes_are_out_of_reach(source):
    with pytest.raises(ExpressionError):
        evaluate(source, {})
