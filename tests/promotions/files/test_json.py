import json

import pytest

from promotions.files.edits import Change
from promotions.files.errors import DocumentError
from promotions.files.json import MAX_PADDING, read_json, update_json


def _update(text, *updates):
    return update_json(text.encode(), updates).data.decode()


@pytest.mark.parametrize(
    ("text", "key", "value", "expected"),
    [
        ('{ "a" : 1 ,\r\n\t"b":"x" }\r\n', "a", 2, '{ "a" : 2 ,\r\n\t"b":"x" }\r\n'),
        ('\ufeff{"a":1}', "a", "é", '\ufeff{"a":"é"}'),
        ('{"a":{"b":[1, {"c":null}]}}', "a.b.1.c", True, '{"a":{"b":[1, {"c":true}]}}'),
        ('{"a.b":1,"a":{"b":2}}', r"a\.b", 3, '{"a.b":3,"a":{"b":2}}'),
        ('{"p":{"80":1}}', "p.80", 2, '{"p":{"80":2}}'),
        ('{"p":{}}', "p.:80", 2, '{"p":{"80":2}}'),
        ('{"a":1,"a":2}', "a", 3, '{"a":3,"a":2}'),
        ('{"x":"}{][,:","a":1}', "a", 2, '{"x":"}{][,:","a":2}'),
        ('{"a":{"b":1}}', "a", "s", '{"a":"s"}'),
        ('{"a":1}', "  a ", 2, '{"a":2}'),
    ],
)
def test_sets_a_value_and_leaves_every_other_byte_alone(text, key, value, expected):
    assert _update(text, (key, value)) == expected


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        ("", "a.b", '{"a":{"b":7}}'),
        (" \n", "0", "[7]"),
        ("{}", "a", '{"a":7}'),
        ('{"a":1}', "b.c", '{"a":1,"b":{"c":7}}'),
        ('{"a":1}', "b.2.c", '{"a":1,"b":[null,null,{"c":7}]}'),
        ('{"a":1}', "b.-1", '{"a":1,"b":[7]}'),
        ('{"a":[]}', "a.-1", '{"a":[7]}'),
        ('{"a":[1, 2]}', "a.-1", '{"a":[1, 2,7]}'),
        ('{"a":[1]}', "a.3.x", '{"a":[1,null,null,{"x":7}]}'),
        ('{"a":null}', "a.b", '{"a":{"b":7}}'),
        ('{"a":"x"}', "a.0", '{"a":[7]}'),
        ('{"a":{}}', r"a.\*", '{"a":{"*":7}}'),
        ('{\n  "a": 1\n}\n', "b", '{\n  "a": 1\n,"b":7}\n'),
    ],
)
def test_makes_what_is_missing(text, key, expected):
    assert _update(text, (key, 7)) == expected
    json.loads(expected)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1000000.0, "1000000"),
        (1e-7, "0.0000001"),
        (2**70, str(2**70)),
        (1.5, "1.5"),
        (False, "false"),
        ("a<b", '"a<b"'),
        ("é<", '"é\\u003c"'),
        ('q"\\\n\x01', '"q\\"\\\\\\n\\u0001"'),
    ],
)
def test_spells_values_as_go_does(value, text):
    edited = _update('{"a":0}', ("a", value))

    assert edited == f'{{"a":{text}}}'
    assert json.loads(edited) == {"a": value}


def test_updates_build_on_each_other_and_say_what_changed():
    edited = update_json(b'{"a":{"b":"x"}}', [("a.b", "y"), ("a.c", 1), ("a.c", 2)])

    assert edited.data == b'{"a":{"b":"y","c":2}}'
    assert edited.changes == (Change("a.b", '"x"', '"y"'), Change("a.c", "", "1"), Change("a.c", "1", "2"))


@pytest.mark.parametrize(
    ("text", "key", "value", "message"),
    [
        ("{}", "a", None, 'key "a": the new value is null'),
        ("{}", "a", [1], "the new value is a list"),
        ("{}", "a", {}, "the new value is a map"),
        ("{}", "a", float("nan"), "is no number"),
        ('{"a":[1]}', "a.x", 1, '"x" is no index of a list'),
        ('{"a":[1]}', "a.:5", 1, '"5" is no index of a list'),
        ("[]", str(MAX_PADDING + 1), 1, "the limit is 1000"),
        ("[]", "9" * 30, 1, "the limit is 1000"),
        ("{}", "a.*", 1, r'"\*" asks for a search'),
        ("{}", "a.#", 1, "asks for a search"),
        ("{}", "a..b", 1, "empty part"),
        ("{}", "a\\", 1, "ends with a backslash"),
        ('{"a":1,\n"b":}', "a", 1, "not valid JSON in line 2, column 5"),
        ('{"a":1} x', "a", 1, "not valid JSON in line 1"),
        ('{"a":NaN}', "a", 1, "NaN, which is not JSON"),
        ('{"a":\x00}', "a", 1, "not a text file: line 1"),
        ("[" * 100_000, "a", 1, "nested too deeply"),
    ],
)
def test_refuses_what_cannot_be_done(text, key, value, message):
    with pytest.raises(DocumentError, match=message):
        _update(text, (key, value))


def test_refuses_bytes_that_are_no_text():
    with pytest.raises(DocumentError, match=r"not UTF-8 text \(byte 2, in line 2\)"):
        update_json(b"{\n\xff}", [("a", 1)])


def test_reads_whole_numbers_as_ints():
    assert read_json(b'\xef\xbb\xbf[1, 2.5, "x", null]') == [1, 2.5, "x", None]
    assert isinstance(read_json(b"[" + b"9" * 5000 + b"]")[0], float)


@pytest.mark.parametrize(
    ("data", "message"),
    [(b" ", "empty"), (b"{", "line 1, column 2"), (b"[Infinity]", "Infinity"), (b"[1,]", "not valid JSON")],
)
def test_refuses_to_read_what_is_no_json(data, message):
    with pytest.raises(DocumentError, match=message):
        read_json(data)
