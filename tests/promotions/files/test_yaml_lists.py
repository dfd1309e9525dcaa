import pytest

from promotions.files.errors import DocumentError
from promotions.files.yaml_lists import write_list

ENTRIES = [{"name": "a", "newTag": "1.0"}, {"name": "b", "newTag": "v2"}]
BLOCK = '- name: a\n  newTag: "1.0"\n- name: b\n  newTag: v2\n'
INDENTED = '  - name: a\n    newTag: "1.0"\n  - name: b\n    newTag: v2\n'
FLOW = '[{"name": "a", "newTag": "1.0"}, {"name": "b", "newTag": "v2"}]'

CASES = {
    "missing": ("# c\nx: 1\n", f"# c\nx: 1\nimages:\n{BLOCK}"),
    "missing, no final newline": ("x: 1", f"x: 1\nimages:\n{BLOCK}"),
    "empty file": ("", f"images:\n{BLOCK}"),
    "only comments": ("# c\n", f"# c\nimages:\n{BLOCK}"),
    "in the middle": (
        "x: 1 # one\nimages:\n- name: z\n  newTag: q\n\n# about y\ny: 2\n",
        f"x: 1 # one\nimages:\n{BLOCK}\n# about y\ny: 2\n",
    ),
    "at the end": ("images:\n- name: z\n", f"images:\n{BLOCK}"),
    "at the end, no final newline": ("images:\n- name: z", f"images:\n{BLOCK}"),
    "indented": ("images:\n  - name: z\ny: 2\n", f"images:\n{INDENTED}y: 2\n"),
    "comment on the key": ("images: # c\n- name: z # d\ny: 2\n", f"images: # c\n{BLOCK}y: 2\n"),
    "empty list": ("images: []\ny: 2\n", f"images:\n{BLOCK}y: 2\n"),
    "empty list, comment": ("images: [] # c\ny: 2\n", f"images: # c\n{BLOCK}y: 2\n"),
    "no value": ("images:\ny: 2\n", f"images:\n{BLOCK}y: 2\n"),
    "null": ("images: ~", f"images:\n{BLOCK}"),
    "flow list over lines": ("images: [\n  {name: z},\n]\ny: 2\n", f"images:\n{BLOCK}y: 2\n"),
    "flow document": ('{"x": 1, "images": []}\n', f'{{"x": 1, "images": {FLOW}}}\n'),
    "flow document without": ('{"x": 1}\n', f'{{"x": 1, "images": {FLOW}}}\n'),
    "before a second document": ("x: 1\n---\ny: 2\n", f"x: 1\nimages:\n{BLOCK}---\ny: 2\n"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_replaces_the_list_and_nothing_else(case):
    before, after = case

    assert write_list(before.encode(), "images", ENTRIES).decode() == after


def test_keeps_windows_line_ends():
    assert write_list(b"x: 1\r\n", "images", [{"name": "a"}]) == b"x: 1\r\nimages:\r\n- name: a\r\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n", "it is not a map"),
        ("images: &i\n- name: a\nx: *i\n", "has an anchor"),
        ("x: &i\n- name: a\nimages: *i\n", "is an alias"),
    ],
)
def test_refuses_what_cannot_be_replaced_in_place(text, message):
    with pytest.raises(DocumentError, match=message):
        write_list(text.encode(), "images", ENTRIES)
