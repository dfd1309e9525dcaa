from time import monotonic

import pytest

from projects.documents import MAX_BYTES, MAX_DEPTH, MAX_VALUES, Problem, SourceText, read_documents


def read(text):
    return read_documents(SourceText("file.yaml", text))


def read_one(text):
    documents, problems = read(text)
    assert problems == []
    (document,) = documents
    return document


def only_problem(text) -> Problem:
    _, (problem,) = read(text)
    return problem


def test_reads_every_document_and_skips_empty_ones():
    documents, problems = read("a: 1\n---\n---\n# nothing here\n---\nb: two\n")

    assert problems == []
    assert [document.content for document in documents] == [{"a": 1}, {"b": "two"}]


def test_keeps_each_documents_own_text_with_its_comments():
    documents, _ = read("# the head\na: 1\n--- # second\n# about b\nb: |\n  text\n  # no comment\n...\n")

    assert [document.source for document in documents] == [
        "# the head\na: 1\n",
        " # second\n# about b\nb: |\n  text\n  # no comment\n",
    ]


def test_comments_above_the_first_separator_belong_to_the_first_document():
    documents, _ = read("# licence\n---\na: 1\n---\nb: 1\n")

    assert [document.source for document in documents] == ["# licence\n\na: 1\n", "b: 1\n"]


def test_the_own_text_says_the_same_as_the_document():
    documents, _ = read("# x\n---\na: &n {b: [1, 2]}\nc: *n\n--- {d: 1}\n---\ne: >-\n  folded\n  text\n")

    assert [read_one(document.source).content for document in documents] == [d.content for d in documents]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-7", -7),
        ("1_000", 1000),
        ("0x1f", 31),
        ("0o17", 15),
        ("1.5", 1.5),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("yes", "yes"),
        ("on", "on"),
        ("2025-01-31", "2025-01-31"),
        ("12:30", "12:30"),
        ("'1'", "1"),
        ('"a\\nb"', "a\nb"),
        ("${{ vars.x }}", "${{ vars.x }}"),
    ],
)
def test_scalars_are_read_as_yaml_1_2_and_dates_stay_text(text, value):
    content = read_one(f"key: {text}\n").content

    assert content == {"key": value}
    assert type(content["key"]) is type(value)


def test_places_point_at_values_and_keys():
    document = read_one("spec:\n  vars:\n  - name: x\n    value: 1\n")

    assert document.problem("m", "spec", "vars", 0, "value").line == 4
    assert document.problem("m", "spec", "vars", 0, "value").column == 12
    assert document.problem("m", "spec", "vars", 0, "value", at_key=True).column == 5


def test_a_missing_place_is_the_nearest_one_above():
    document = read_one("spec:\n  vars:\n  - name: x\n")

    assert document.problem("m", "spec", "vars", 0, "nothing").line == 3
    assert document.problem("m", "other", "thing").line == 1


def test_an_alias_is_a_copy_with_a_place_of_its_own():
    document = read_one("a: &x {k: [1]}\nb: *x\n")

    document.content["a"]["k"].append(2)

    assert document.content["b"] == {"k": [1]}
    assert document.problem("m", "b").line == 2


def test_merge_keys_fill_in_what_the_mapping_does_not_say():
    content = read_one("base: &b {x: 1, y: 2}\nother: &o {y: 3, z: 3}\nm: {<<: [*b, *o], x: 9}\n").content

    assert content["m"] == {"x": 9, "y": 2, "z": 3}


def test_a_key_given_twice_is_a_problem_that_names_the_first():
    problem = only_problem("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n")

    assert str(problem) == 'file.yaml:5:3: Key "c" is given twice; the first is in line 3.'
    assert problem.hint


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\n- b\n", 2, "not valid YAML"),
        ("a:\n\t- b\n", 2, "cannot start any token"),
        ('a: "open\n', 2, "not valid YAML"),
        ("- 1\n", 1, "must be a mapping"),
        ("just text\n", 1, "must be a mapping"),
        ("a: &x [*x]\n", 1, 'no complete anchor "&x"'),
        ("a: *nobody\n", 1, 'no complete anchor "&nobody"'),
        ("a: !!python/object:os.system x\n", 1, "is not supported"),
        ("a: !secret x\n", 1, "is not supported"),
        ("a: 1\nb: .nan\n", 2, "not a number we can store"),
        ('a: 1\nb: "x\\0y"\n', 2, "that databases do not take"),
        ('a: 1\nb: ["\\ud800"]\n', 2, "that databases do not take"),
        ('a: 1\n"\\0": b\n', 2, "that databases do not take"),
        ("a: 1\nb: \x01\n", 2, "U+0001"),
        ("{[1]: 2}\n", 1, "A key must be text"),
        ("a: {<<: 1}\n", 1, "can merge a mapping"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_is_wrong_has_a_place(text, line, words):
    problem = only_problem(text)

    assert problem.line == line
    assert words in problem.message


def test_the_documents_before_a_syntax_error_are_still_read():
    documents, problems = read("a: 1\n---\nb: [\n")

    assert [document.content for document in documents] == [{"a": 1}]
    assert len(problems) == 1


def test_deep_nesting_is_refused():
    assert f"deeper than {MAX_DEPTH}" in only_problem("a: " + "[" * 10_000).message


def test_nesting_by_aliases_is_refused_too():
    levels = "".join(f"a{i}: &a{i} [[[[[[*a{i - 1}]]]]]]\n" for i in range(1, 20))

    assert f"deeper than {MAX_DEPTH}" in only_problem(f"a0: &a0 [x]\n{levels}").message


@pytest.mark.parametrize("shape", ["&{name} [{ten}]", "&{name} {{<<: [{ten}], {name}: 1}}"], ids=["lists", "merges"])
def test_a_bomb_of_aliases_is_refused_quickly(shape):
    first = shape.format(name="a0", ten="").replace("<<: [], ", "")
    lines = [f"a0: {first}"]
    for i in range(1, 12):
        lines.append(f"a{i}: " + shape.format(name=f"a{i}", ten=", ".join([f"*a{i - 1}"] * 10)))
    started = monotonic()

    documents, problems = read("\n".join(lines))

    assert monotonic() - started < 10
    # Merging ten times the same gives no more than once, so that one is harmless; the lists are not.
    assert problems or len(documents) == 1


def test_a_text_that_is_too_large_is_refused():
    problem = only_problem("#" * (MAX_BYTES + 1))

    assert "larger than 1 MiB" in problem.message


@pytest.mark.parametrize(
    "text",
    ["a: [" + "x," * 300_000 + "x]", "".join(f"k{n}: {{}}\n" for n in range(80_000)), "---\n" * 200_000],
    ids=["items", "pairs", "documents"],
)
def test_many_values_are_refused_while_they_are_read(text):
    started = monotonic()

    problem = only_problem(text)

    assert f"The text holds more than {MAX_VALUES} values." in problem.message
    assert monotonic() - started < 10, "reading all of it takes longer"
