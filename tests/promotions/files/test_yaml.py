import io

import pytest
from ruamel.yaml import YAML

from promotions.files.errors import DocumentError
from promotions.files.yaml import read_yaml, update_yaml

# name: (before, key, value, after)
CASES = {
    "plain value": ("a: 1\nb: x\n", "b", "w", "a: 1\nb: w\n"),
    "comment behind it": ("tag: v1  # keep me\n", "tag", "v2", "tag: v2  # keep me\n"),
    "comments and blank lines around": ("# top\n\na: x\n\n# end\n", "a", "w", "# top\n\na: w\n\n# end\n"),
    "nested": ("image:\n  tag: v1\n  repo: r\n", "image.tag", "v2", "image:\n  tag: v2\n  repo: r\n"),
    "odd spacing": ("a:    x   \n", "a", "w", "a:    w   \n"),
    "no final newline": ("a: x", "a", "w", "a: w"),
    "crlf": ("a: x\r\nb: z\r\n", "a", "w", "a: w\r\nb: z\r\n"),
    "byte order mark": ("\ufeffa: x\n", "a", "w", "\ufeffa: w\n"),
    "not ascii before it": ("n: äöü€😀 # ü\na: x\n", "a", "w", "n: äöü€😀 # ü\na: w\n"),
    "single quotes stay": ("a: 'x' # c\n", "a", "it's", "a: 'it''s' # c\n"),
    "double quotes stay": ('a: "x" # c\n', "a", 'say "hi"', 'a: "say \\"hi\\"" # c\n'),
    "quotes go for a number": ('a: "1"\n', "a", 2, "a: 2\n"),
    "quotes spanning lines": ('a: "x\n  y" # c\nb: 1\n', "a", "z", 'a: "z" # c\nb: 1\n'),
    "plain spanning lines": ("a: x\n  y\nb: 1\n", "a", "z", "a: z\nb: 1\n"),
    "flow map": ("i: {repo: r, tag: v1} # c\n", "i.tag", "v2", "i: {repo: r, tag: v2} # c\n"),
    "first of a flow map": ("i: {tag: v1, repo: r}\n", "i.tag", "v2", "i: {tag: v2, repo: r}\n"),
    "flow list": ("l: [a, b, c]\n", "l.1", "x", "l: [a, x, c]\n"),
    "json": ('{"a": {"b": "x"}, "c": 1}', "a.b", "w", '{"a": {"b": "w"}, "c": 1}'),
    "flow needs quotes": ("l: [a]\n", "l.0", "x,y", 'l: ["x,y"]\n'),
    "colon in flow": ("i: {n: a}\n", "i.n", "nginx:1", 'i: {n: "nginx:1"}\n'),
    "colon in block": ("n: a\n", "n", "nginx:1", "n: nginx:1\n"),
    "list of maps": ("l:\n- name: a\n- name: b\n", "l.1.name", "c", "l:\n- name: a\n- name: c\n"),
    "list of scalars": ("l:\n  - a # one\n  - b\n", "l.0", "x", "l:\n  - x # one\n  - b\n"),
    "list in list": ("l:\n- - a\n  - b\n", "l.0.1", "x", "l:\n- - a\n  - x\n"),
    "root list": ("- a\n- b\n", "1", "x", "- a\n- x\n"),
    "dotted key": ("m:\n  a.b/c: x\n", r"m.a\.b/c", "w", "m:\n  a.b/c: w\n"),
    "key with a colon": ('"a:b": x\n', r"a\:b", "w", '"a:b": w\n'),
    "number as map key": ("ports:\n  80: x\n", "ports.:80", "w", "ports:\n  80: w\n"),
    "number finds a map key": ("ports:\n  80: x\n", "ports.80", "w", "ports:\n  80: w\n"),
    "quoted key": ("'a b': x\n", "a b", "w", "'a b': w\n"),
    "anchor stays": ("a: &v x\nb: *v\n", "a", "w", "a: &v w\nb: *v\n"),
    "tag stays": ("a: !!str x\n", "a", "w", "a: !!str w\n"),
    "anchor and tag": ("a: !!str &v 'x' # c\n", "a", "w", "a: !!str &v 'w' # c\n"),
    "literal block": ("a: |\n  x\n  y\nb: 1\n", "a", "z", "a: z\nb: 1\n"),
    "literal block, comment": ("a: |- # c\n  x\nb: 1\n", "a", "z", "a: z # c\nb: 1\n"),
    "folded block": ("a: >-\n  x\n  y\n\n# next\nb: 1\n", "a", "z", "a: z\n\n# next\nb: 1\n"),
    "kept block": ("a: |+\n  x\n\nb: 1\n", "a", "z", "a: z\nb: 1\n"),
    "block with an indent mark": ("a: |2\n    x\n  y\nb: 1\n", "a", "z", "a: z\nb: 1\n"),
    "block at the end": ("a: |\n  x", "a", "z", "a: z\n"),
    "block in a list": ("- |\n  x\n- b\n", "0", "z", "- z\n- b\n"),
    "block to block": ("a: |\n    x\nb: 1\n", "a", "p\n\n  q\n", "a: |\n    p\n\n      q\nb: 1\n"),
    "block to block, stripped": ("a: >\n  x\nb: 1\n", "a", "p\nq", "a: |-\n  p\n  q\nb: 1\n"),
    "block to block, crlf": ("a: |\r\n  x\r\nb: 1\r\n", "a", "p\nq\n", "a: |\r\n  p\r\n  q\r\nb: 1\r\n"),
    "lines into a plain value": ("a: x\n", "a", "p\nq", 'a: "p\\nq"\n'),
    "empty value": ("a:\nb: 1\n", "a", "x", "a: x\nb: 1\n"),
    "empty value, comment": ("a:   # c\n", "a", "x", "a: x   # c\n"),
    "empty value with anchor": ("a: &v\nb: 1\n", "a", "x", "a: &v x\nb: 1\n"),
    "empty list item": ("-\n- b\n", "0", "x", "- x\n- b\n"),
    "empty in flow": ("m: {a: , b: 1}\n", "m.a", "x", "m: {a: x , b: 1}\n"),
    "explicit null": ("a: null\n", "a", "x", "a: x\n"),
    "first document only": ("a: x\n---\na: x\n", "a", "w", "a: w\n---\na: x\n"),
    "document marks": ("%YAML 1.2\n---\na: x\n...\n", "a", "w", "%YAML 1.2\n---\na: w\n...\n"),
    "later documents may be broken": ("a: x\n---\n}{\n", "a", "w", "a: w\n---\n}{\n"),
    "go template behind it": ("a: x\n---\n{{ range }}\n", "a", "w", "a: w\n---\n{{ range }}\n"),
    "first of two equal keys": ("a: x\na: z\n", "a", "w", "a: w\na: z\n"),
    "boolean": ("a: false\n", "a", True, "a: true\n"),
    "null": ("a: x\n", "a", None, "a: null\n"),
    "big integer": ("a: 1\n", "a", 1000000, "a: 1000000\n"),
    "integral float": ("a: 1\n", "a", 1000000.0, "a: 1000000\n"),
    "small float": ("a: 1\n", "a", 1e-07, "a: 0.0000001\n"),
    "float": ("a: 1\n", "a", 1.5, "a: 1.5\n"),
    "version stays bare": ("a: 1\n", "a", "1.2.3", "a: 1.2.3\n"),
    "digest stays bare": ("a: x\n", "a", "sha256:0f1e", "a: sha256:0f1e\n"),
    "url stays bare": ("a: x\n", "a", "https://h/p?q=1#f", "a: https://h/p?q=1#f\n"),
    "dash first": ("a: x\n", "a", "-x", "a: -x\n"),
    "non-ascii stays bare": ("a: x\n", "a", "grün", "a: grün\n"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_changes_the_value_and_nothing_else(case):
    before, key, value, after = case

    assert update_yaml(before.encode(), [(key, value)]).decode() == after


LOOK_ALIKES = [
    *(
        "1.10",
        "1",
        "007",
        "0x1f",
        "0o17",
        "1e3",
        "12e4567",
        ".5",
        "1_000",
        "+1",
        "-2.5",
        "1:30",
        "190:20:30.15",
    ),
    *(
        "yes",
        "No",
        "on",
        "OFF",
        "y",
        "N",
        "true",
        "False",
        "t",
        "null",
        "Null",
        "~",
        "",
        " x",
        "x ",
        "inf",
        ".NaN",
    ),
    *(
        "2024-01-31",
        "2024-01-31T10:00:00Z",
        "<<",
        "=",
        "a: b",
        "a:",
        "a #b",
        "#a",
        "*a",
        "&a",
        "!a",
        "{a",
        "[a",
    ),
    *(
        "- a",
        "-",
        "? a",
        "|",
        ">",
        "%a",
        "@a",
        "`a",
        "'a",
        '"a',
        "---",
        "...",
        "a\tb",
        "\x07",
        "\u2028",
        "\x85",
        "\ufeff",
    ),
    *(
        '{"a": 1}',
        "[1]",
        "]",
        "}",
        ",a",
        ": a",
        ":a",
        "a\\b",
        "a\r\nb",
        "1234567",
        "0123",
        "1.",
        "-.inf",
        "0b1",
    ),
]


@pytest.mark.parametrize("before", ["a: x\n", "a: 'x'\n", 'a: "x"\n', "a: |\n  x\n", "{a: x}\n", "a:\n"])
@pytest.mark.parametrize("text", LOOK_ALIKES, ids=ascii)
@pytest.mark.parametrize("version", [(1, 1), (1, 2)])
def test_a_string_is_read_back_as_that_string_by_old_and_new_readers(before, text, version):
    edited = update_yaml(before.encode(), [("a", text)])

    reader = YAML(typ="safe", pure=True)
    reader.version = version
    assert reader.load(io.BytesIO(edited)) == {"a": text}


def test_sets_several_values_at_once_and_the_last_of_one_key_wins():
    edited = update_yaml(b"i: {a: 1, b: 2}\nc: 3\n", [("i.a", 10), ("i.b", 20), ("c", 30), ("i.a", 11)])

    assert edited == b"i: {a: 11, b: 20}\nc: 30\n"


@pytest.mark.parametrize(
    ("text", "key", "value", "message"),
    [
        ("a: 1\n", "b", 1, 'key "b" does not exist'),
        ("a: 1\n", "a.b", 1, 'key "a.b" does not exist'),
        ("a: {b: 1}\n", "a", 1, "does not address a scalar but a map"),
        ("a: [1]\n", "a", 1, "does not address a scalar but a list"),
        ("a: [1]\n", "a.1", 1, "index 1 is out of range, the list has 1 items"),
        ("a: [1]\n", "a.x", 1, '"x" is no index'),
        ("a: [1]\n", "a.-1", 1, '"-1" is no index'),
        ("a: [1]\n", "a.:0", 1, '"0" is no index'),
        ("x: &v {b: 1}\na: *v\n", "a.b", 1, r"aliases are not followed"),
        ("x: &v 1\na: *v\n", "a", 1, "does not address a scalar but an alias"),
        ("x: &v {b: 1}\na:\n  <<: *v\n", "a.b", 1, "does not exist"),
        ("a: 1\n", "a", {"x": 1}, 'key "a": the new value is a map'),
        ("a: 1\n", "a", [1], 'key "a": the new value is a list'),
        ("{a, b: 1}\n", "a", "x", "has no value"),
        ("? a\n", "a", "x", "has no value"),
        ("a: [1\n", "a", 1, r"not valid YAML in line \d"),
        ("a: 1\n b: 2\n", "a", 1, "not valid YAML in line 2"),
        ("", "a", 1, 'key "a" does not exist'),
        ("[" * 200, "0", 1, "nested deeper than"),
    ],
)
def test_says_why_an_update_cannot_be_made(text, key, value, message):
    with pytest.raises(DocumentError, match=message):
        update_yaml(text.encode(), [(key, value)])


def test_refuses_bytes_that_are_not_utf_8():
    with pytest.raises(DocumentError, match="not UTF-8"):
        update_yaml(b"a: \xff\n", [("a", 1)])


def test_one_impossible_update_prevents_all():
    with pytest.raises(DocumentError, match='key "nope"'):
        update_yaml(b"a: 1\n", [("a", 2), ("nope", 1)])


def test_reads_values_as_json_and_leaves_dates_as_text():
    text = b"""
    a: &v {n: 1, f: 1.5, t: true, z: ~, d: 2024-01-31, o: 0o17, h: 0x1f, l: 0777}
    b: {<<: *v, n: 2}
    c: ["1", 'yes', yes, !!str 5]
    80: port
    """
    base = {"n": 1, "f": 1.5, "t": True, "z": None, "d": "2024-01-31", "o": 15, "h": 31, "l": 511}

    assert read_yaml(text) == {"a": base, "b": {**base, "n": 2}, "c": ["1", "yes", "yes", "5"], "80": "port"}


def test_an_alias_bomb_is_refused():
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10))

    with pytest.raises(DocumentError, match="more than"):
        read_yaml(bomb.encode())


@pytest.mark.parametrize("text", [b"a: &v [*v]\n", b"a: &v {x: *v}\n", b"a: *nothing\n"])
def test_a_circle_of_aliases_is_refused(text):
    with pytest.raises(DocumentError, match="means nothing, or itself"):
        read_yaml(text)
