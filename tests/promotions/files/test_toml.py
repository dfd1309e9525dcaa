import tomllib

import pytest

from promotions.files.edits import Change
from promotions.files.errors import DocumentError
from promotions.files.toml import read_toml, update_toml, write_value


def _update(text, *updates):
    return update_toml(text.encode(), updates).data.decode()


@pytest.mark.parametrize(
    ("text", "key", "value", "expected"),
    [
        ('title = "old" # keep me\nb = 1\n', "title", "new", "title = 'new' # keep me\nb = 1\n"),
        ("a   =   1 # c\r\n[b]\r\nx=2\r\n", "b.x", 3, "a   =   1 # c\r\n[b]\r\nx=3\r\n"),
        ("\ufeffa=1", "a", 2, "\ufeffa=2"),
        ("values = [1, 2, 3] # c\n", "values.1", 42, "values = [1, 42, 3] # c\n"),
        ("v = [\n  1, # one\n  2,\n]\n", "v.0", 5, "v = [\n  5, # one\n  2,\n]\n"),
        ('s = { name = "api", port = 8080 }\n', "s.port", 9090, 's = { name = "api", port = 9090 }\n'),
        ("[[s]]\np=1\n\n[[s]]\np=2\n", "s.1.p", 3, "[[s]]\np=1\n\n[[s]]\np=3\n"),
        ('"example.com/v" = 1\n', r"example\.com/v", 2, '"example.com/v" = 2\n'),
        ("[a.b]\nx=1\n[c]\n[a.d]\ny = true # c\n", "a.d.y", False, "[a.b]\nx=1\n[c]\n[a.d]\ny = false # c\n"),
        ("a.b.c = 1 # x\na.d=2\n", "a.b.c", 5, "a.b.c = 5 # x\na.d=2\n"),
        ("k = '''x\r\ny''' # c\r\n", "k", "v", "k = 'v' # c\r\n"),
        ("d = 2020-01-01 # day\n", "d", "q", "d = 'q' # day\n"),
        ("80 = 1\n", "80", 2, "80 = 2\n"),
    ],
)
def test_sets_a_value_and_leaves_every_other_byte_alone(text, key, value, expected):
    assert _update(text, (key, value)) == expected


@pytest.mark.parametrize(
    ("old", "value", "new"),
    [
        ("1", 2, "2"),
        ("0x10", 2.0, "2"),
        ("+1_000", 1.5, "1.5"),
        ("1.5", 3, "3.0"),
        ("'x'", 3, "3.0"),
        ("true", 3, "3.0"),
        ("1", 1e21, "1000000000000000000000"),
        ("1.0", 1e-7, "0.0000001"),
        ("1", True, "true"),
        ("1", float("inf"), "inf"),
    ],
)
def test_whole_numbers_stay_whole_where_the_file_has_one(old, value, new):
    assert _update(f"a = {old}\n", ("a", value)) == f"a = {new}\n"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("it", "'it'"),
        ('C:\\x\t"q"', "'C:\\x\t\"q\"'"),
        ("it's", '"it\'s"'),
        ("a\nb'\"\\\x01\x7f", '"a\\nb\'\\"\\\\\\u0001\\u007F"'),
        ("", "''"),
    ],
)
def test_strings_are_in_single_quotes_where_possible(value, text):
    assert write_value(value, is_integer=False) == text
    assert tomllib.loads(f"a = {text}") == {"a": value}


def test_the_last_of_two_updates_of_one_key_wins_and_both_are_told():
    edited = update_toml(b"a = 1\nb = 'x'\n", [("a", 2), ("b", "y"), ("a", 3)])

    assert edited.data == b"a = 3\nb = 'y'\n"
    assert edited.changes == (Change("a", "1", "2"), Change("b", "'x'", "'y'"), Change("a", "1", "3"))


@pytest.mark.parametrize(
    ("text", "key", "value", "message"),
    [
        ("a=1\n", "b", 1, 'key "b" does not exist'),
        ("a=1\n", "a.b", 1, 'key "a.b" does not exist'),
        ("[a]\nb=1\n", "a", 1, "not address a single value but a table"),
        ("a=[1]\n", "a", 1, "but an array"),
        ("a=[1]\n", "a.1", 1, "index 1 is out of range, the list has 1 items"),
        ("a=[1]\n", "a.x", 1, '"x" is no index of a list'),
        ("a=1\n", "a", None, 'key "a": the new value is null'),
        ("a=1\n", "a", [1], "the new value is a list"),
        ("a=1\nb=\n", "a", 1, r"not valid TOML: .*line 2"),
        ("a=1\na=2\n", "a", 1, "not valid TOML"),
        ("a=\x001\n", "a", 1, "not a text file: line 1"),
        ("a=" + "[" * 5000 + "]" * 5000, "a", 1, "nested too deeply"),
        ("a=1\n", r"a\b", 1, "unknown escape"),
    ],
)
def test_refuses_what_cannot_be_done(text, key, value, message):
    with pytest.raises(DocumentError, match=message):
        _update(text, (key, value))


def test_reads_dates_without_a_zone_as_text():
    read = read_toml(b"\xef\xbb\xbfa=1\nb=[2020-01-01]\nc={d=10:00:00}\n")

    assert read == {"a": 1, "b": ["2020-01-01"], "c": {"d": "10:00:00"}}


def test_an_empty_document_has_nothing_to_read():
    with pytest.raises(DocumentError, match="it is empty"):
        read_toml(b"\n")
