import pytest

from promotions.files.errors import DocumentError
from promotions.files.yaml_merge import merge_yaml


def _merge(*texts):
    return merge_yaml([(f"{number}.yaml", text.encode()) for number, text in enumerate(texts)]).decode()


@pytest.mark.parametrize(
    ("texts", "merged"),
    [
        (("", "# nothing\n", "a: 1\n"), "a: 1\n"),
        ((), ""),
        (("a: {b: 1, c: 2}\n", "a: {b: null, d: 3}\n"), "a: {c: 2, d: 3}\n"),
        (("a: 1\n", "b: null\n"), "a: 1\n"),
        (("a: 1\n", "b:\n  c: null\n"), "a: 1\nb:\n  c:\n"),
        (("a: {b: 1}\n", "a: 5\n"), "a: 5\n"),
        (("a: 5\n", "a:\n  b: 1\n"), "a:\n  b: 1\n"),
        (("- 1\n", "a: 1\n"), "a: 1\n"),
        (("a: 1\n", "- 2\n"), "- 2\n"),
        (("a: 1\n---\nb: [\n", "b: 2\n"), "a: 1\nb: 2\n"),
        (("---\na: 1\n", "a: 2\n"), "---\na: 2\n"),
        (("a: 1\r\nb: x\r\n", "a: 2\n"), "a: 2\r\nb: x\r\n"),
        (("\ufeffa: 1\n", "a: 2\n"), "\ufeffa: 2\n"),
    ],
)
def test_maps_merge_and_the_rest_is_replaced(texts, merged):
    assert _merge(*texts) == merged


@pytest.mark.parametrize(
    "text", ["1.10", "0777", "yes", "2020-01-01T00:00:00Z", "1e3", "0x1F", "'1'", '"a"', "1_000"]
)
def test_what_is_not_touched_stays_as_it_is_written(text):
    assert _merge(f"a: {text}\nb: 1\n", "b: 2\n") == f"a: {text}\nb: 2\n"


def test_indentation_and_comments_of_the_base_stay():
    base = "# top\na:\n    b: 1 # one\n    c:\n      - x # two\n# end\n"

    assert _merge(base, "a:\n  b: 2\n") == "# top\na:\n    b: 2 # one\n    c:\n      - x # two\n# end\n"


def test_an_alias_goes_on_meaning_what_it_did():
    assert _merge("a: &x {k: 1}\nb: *x\n", "b: {k: 2}\n") == "a: {k: 1}\nb: {k: 2}\n"
    assert _merge("a: &x {k: 1}\nb:\n  <<: *x\n", "b: {k: 2}\n") == "a: &x {k: 1}\nb:\n  <<: *x\n  k: 2\n"


POD = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: a\n    image: x:1\n    tty: true\n"


def test_containers_of_built_in_kinds_merge_by_name():
    over = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: b\n  - name: a\n    image: x:2\n"

    assert _merge(POD, over) == POD.replace("x:1", "x:2") + "  - name: b\n"


@pytest.mark.parametrize(
    "over",
    [
        "spec:\n  containers:\n  - name: b\n",
        "apiVersion: example.com/v1\nkind: Pod\nspec:\n  containers:\n  - name: b\n",
    ],
)
def test_other_lists_are_replaced(over):
    assert "name: a" not in _merge(POD, over)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [\n", r'"1\.yaml": it is not valid YAML in line 2'),
        ("a: 1\na: 2\n", r'"1\.yaml": it cannot be merged in line 2: found duplicate key "a"'),
        ("a: *x\n", "alias"),
        ("a: 1\nb: \x00\n", "not a text file: line 2 holds the control character 0x00"),
        ("a: " + "[" * 200 + "]" * 200, "nested deeper than 100 levels"),
        (
            "".join([f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" if n else "a0: &a0 [x]\n" for n in range(9)]),
            "more than",
        ),
    ],
)
def test_refuses_what_it_cannot_read(text, message):
    with pytest.raises(DocumentError, match=message):
        _merge("a: 1\n", text)


def test_refuses_a_result_that_would_read_back_differently():
    with pytest.raises(DocumentError, match="would not read back the same"):
        _merge("a: &x {k: 1}\nb:\n  <<: *x\n", "b: {k: null}\n")
