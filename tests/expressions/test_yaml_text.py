"""YAML as `asYAML` writes it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from expressions.yaml_text import yaml_text

WRITTEN = [
    ("abc", "abc\n"),
    ("", '""\n'),
    ("true", '"true"\n'),
    ("Yes", '"Yes"\n'),
    ("n", '"n"\n'),
    ("null", '"null"\n'),
    ("~", '"~"\n'),
    ("nil", "nil\n"),
    ("123", '"123"\n'),
    ("1_000", '"1_000"\n'),
    ("08", '"08"\n'),
    ("0x10", '"0x10"\n'),
    ("0xg", "0xg\n"),
    ("1.5", '"1.5"\n'),
    ("1e3", '"1e3"\n'),
    (".inf", '".inf"\n'),
    ("12:30:45", '"12:30:45"\n'),
    ("1.2.3", "1.2.3\n"),
    ("v1", "v1\n"),
    ("2024-01-02", '"2024-01-02"\n'),
    ("2024-01-02T03:04:05Z", '"2024-01-02T03:04:05Z"\n'),
    ("a: b", "'a: b'\n"),
    ("x:", "'x:'\n"),
    ("x:y", "x:y\n"),
    ("a #b", "'a #b'\n"),
    ("a#b", "a#b\n"),
    ("- a", "'- a'\n"),
    ("-a", "-a\n"),
    ("? a", "'? a'\n"),
    ("[a", "'[a'\n"),
    ("a,b", "a,b\n"),
    ("*a", "'*a'\n"),
    ("%a", "'%a'\n"),
    ("--- a", "'--- a'\n"),
    (" a", "' a'\n"),
    ("a ", "'a '\n"),
    ("it's", "it's\n"),
    ("'q'", "'''q'''\n"),
    ("a\tb", '"a\\tb"\n'),
    ("a\0b", '"a\\0b"\n'),
    ("é", "é\n"),
    ("😀", '"\\U0001F600"\n'),
    ("a\nb", "|-\n    a\n    b\n"),
    ("a\nb\n", "|\n    a\n    b\n"),
    ("a\nb\n\n", "|+\n    a\n    b\n\n"),
    (" a\nb", "|4-\n     a\n    b\n"),
    ("a \nb", '"a \\nb"\n'),
    (None, "null\n"),
    (True, "true\n"),
    (1, "1\n"),
    (1.5, "1.5\n"),
    (1e-7, "1e-07\n"),
    ([], "[]\n"),
    ({}, "{}\n"),
    (
        {"a": 1, "b": [1, {"c": "x", "d": [True, None]}], "e": {}, "f": {"g": {"h": "i"}}},
        "a: 1\nb:\n    - 1\n    - c: x\n      d:\n        - true\n        - null\ne: {}\nf:\n    g:\n        h: i\n",
    ),
    ([[1, [2]], {"a": [{"b": 1}]}], "- - 1\n  - - 2\n- a:\n    - b: 1\n"),
    ([["a\nb"], {"k": "l1\nl2\n"}], "- - |-\n    a\n    b\n- k: |\n    l1\n    l2\n"),
    ({"b10": 1, "b9": 2, "B": 3, "1": 4, "yes": 5}, '"1": 4\nB: 3\nb9: 2\nb10: 1\n"yes": 5\n'),
    ({"a b": 1, "a: b": 2, "": 3}, "\"\": 3\na b: 1\n'a: b': 2\n"),
    ({"a\nb": 6}, "? |-\n    a\n    b\n: 6\n"),
    ({"x" * 129: [1]}, f"? {'x' * 129}\n:   - 1\n"),
    ([{"a\nb": {"q": 1, "r": [2, 3]}}], "- ? |-\n    a\n    b\n  : q: 1\n    r:\n        - 2\n        - 3\n"),
]


def load(text: str) -> object:
    return YAML(typ="safe", pure=True).load(text)


@pytest.mark.parametrize(("value", "expected"), WRITTEN, ids=[repr(case[0])[:40] for case in WRITTEN])
def test_writes(value, expected):
    assert yaml_text(value) == expected


@pytest.mark.parametrize("value", [case[0] for case in WRITTEN], ids=lambda value: repr(value)[:40])
def test_what_is_written_reads_back(value):
    assert load(yaml_text(value)) == value


texts = st.text(
    st.characters(exclude_categories=("Cs",)) | st.sampled_from(" \n\t:#-?'\"\\[]{}&*!|>%@`~,."), max_size=12
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda children: st.lists(children, max_size=4) | st.dictionaries(texts, children, max_size=4),
    max_leaves=12,
)


@settings(max_examples=100, derandomize=True, deadline=None, database=None)
@given(json_values)
def test_every_value_reads_back(value):
    assert load(yaml_text(value)) == value
