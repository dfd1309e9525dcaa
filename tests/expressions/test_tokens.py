"""Tokens: numbers, texts, bytes, names, comments and what is none of them."""

import pytest

from expressions import ExpressionError, evaluate

NUMBERS = [
    ("1", 1),
    ("007", 7),
    ("1_000", 1000),
    ("1__0", 10),
    ("0x10", 16),
    ("0XfF", 255),
    ("0o17", 15),
    ("0b101", 5),
    ("0x_f", 15),
    ("9223372036854775807", 2**63 - 1),
    ("1.5", 1.5),
    (".5", 0.5),
    ("5.", 5.0),
    ("1e3", 1000.0),
    ("1.5e-3", 0.0015),
    ("1.e3", 1000.0),
    ("1E+2", 100.0),
]
BAD_NUMBERS = [
    ("9223372036854775808", "out of range"),
    ("0xFFFFFFFFFFFFFFFF", "out of range"),
    ("1e999", "out of range"),
    ("0x", "bad number"),
    ("0b2", "bad number"),
    ("0o8", "bad number"),
    ("1a", "bad number"),
    ("1e", "bad number"),
    ("1e+", "bad number"),
    ("5.x", "bad number"),
    ("1.2.3", "unexpected `.3`"),
]
TEXTS = [
    ("'it'", "it"),
    ('"it"', "it"),
    (r"'it\'s'", "it's"),
    (r'"\a\b\f\n\r\t\v\\\""', '\a\b\f\n\r\t\v\\"'),
    (r'"\x41\101\u0041\u{41}\U00000041"', "AAAAA"),
    (r'"\u{1F600}"', "😀"),
    (r'"\xff"', "ÿ"),
    (r'"\ud800"', "\ufffd"),
    ("`a\\n\nb`", "a\\n\nb"),
    ("`a``b`", "a`b"),
    ("``", ""),
    ('"// no comment"', "// no comment"),
    ("'\"'", '"'),
    (r'b"\xff\101a"', b"\xffAa"),
    ("b'é'", b"\xc3\xa9"),
    (r'b"\u00e9"', b"\xc3\xa9"),
]
BAD_TEXTS = [
    (r'"\q"', r"unknown escape `\q`", 1),
    (r'"\8"', r"unknown escape `\8`", 1),
    (r'"ab\400"', r"unknown escape", 3),
    (r'"\x4"', "unknown escape", 1),
    (r'"\u12"', "unknown escape", 1),
    (r'"\U00110000"', "unknown escape", 1),
    ('"a\nb"', "unclosed text", 0),
    ('1 + "a', "unclosed text", 4),
    ('"a\\\nb"', "unclosed text", 0),
    ("`a", "unclosed text: expected a closing backquote", 0),
]


@pytest.mark.parametrize(("source", "expected"), NUMBERS, ids=[case[0] for case in NUMBERS])
def test_reads_a_number(source, expected):
    value = evaluate(source, {})

    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(("source", "message"), BAD_NUMBERS, ids=[case[0] for case in BAD_NUMBERS])
def test_refuses_a_bad_number(source, message):
    with pytest.raises(ExpressionError, match=message):
        evaluate(source, {})


@pytest.mark.parametrize(("source", "expected"), TEXTS, ids=[case[0] for case in TEXTS])
def test_reads_a_text(source, expected):
    assert evaluate(source, {}) == expected


@pytest.mark.parametrize(("source", "message", "position"), BAD_TEXTS, ids=[case[0] for case in BAD_TEXTS])
def test_refuses_a_bad_text_where_it_is_bad(source, message, position):
    with pytest.raises(ExpressionError) as caught:
        evaluate(source, {})

    assert message in caught.value.message
    assert caught.value.position == position


@pytest.mark.parametrize("name", ["x", "_x", "$x", "x1", "a$b", "héllo", "名前", "True", "null"])
def test_reads_a_name(name):
    assert evaluate(name, {name: 5}) == 5


@pytest.mark.parametrize("word", ["not", "and", "or", "in", "matches", "contains", "let", "if", "else"])
def test_a_reserved_word_is_no_variable_but_may_be_a_field(word):
    assert evaluate(f"x.{word}", {"x": {word: 1}}) == 1
    assert evaluate(f"x?.{word}", {"x": {word: 1}}) == 1
    with pytest.raises(ExpressionError):
        evaluate(word, {word: 1})


def test_null_is_no_literal_but_an_unknown_name():
    assert evaluate("null", {}) is None
    assert evaluate("null", {"null": 1}) == 1


@pytest.mark.parametrize(
    "source",
    ["1+2 // three", "/* a */ 1 /* b\n c */ + 2", "\t1\n+\u00a02\r\n", "1 + //\n 2", "\u2003 1 + 2"],
)
def test_blanks_and_comments_only_separate(source):
    assert evaluate(source, {}) == 3


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("1 /* x", "unclosed comment"),
        ("1 # 2", "unexpected `#`"),
        ("# 1", "unexpected `#`"),
        ("a & b", "unexpected character '&'"),
        ("a \\ b", "unexpected character"),
        ("a = 1", "unexpected `=`"),
        ("a ~ b", "unexpected character '~'"),
        ("\x1c1", "unexpected character"),
    ],
)
def test_refuses_what_is_no_token(source, message):
    with pytest.raises(ExpressionError) as caught:
        evaluate(source, {})

    assert message in caught.value.message


def test_two_character_operators_are_read_greedily():
    assert evaluate("c ? .5 : 1", {"c": True}) == 0.5
    with pytest.raises(ExpressionError, match="expected a field name"):
        evaluate("c ?.5:1", {"c": True})


def test_a_range_is_no_float():
    assert evaluate("1..3", {}) == [1, 2, 3]
    assert evaluate("1 ..3", {}) == [1, 2, 3]
