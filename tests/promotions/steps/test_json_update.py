"""json-update, toml-update and hcl-update: the config, the file, the commit message."""

import pytest

from promotions.files.documents import MAX_BYTES
from promotions.steps.base import Done, StepErrored, StepFailed

FILES = {"json-update": '{"a": "x", "b": 1}\n', "toml-update": "a = 'x'\nb = 1\n", "hcl-update": 'a = "x"\nb = 1\n'}
KINDS = pytest.mark.parametrize("kind", FILES)


@pytest.mark.parametrize(
    ("kind", "after", "message"),
    [
        ("json-update", '{"a": "y", "b": 2}\n', '- a: "y"\n- b: 2'),
        ("toml-update", "a = 'y'\nb = 2\n", "- a: 'y'\n- b: 2"),
        ("hcl-update", 'a = "y"\nb = 2\n', '- a: "y"\n- b: 2'),
    ],
)
def test_sets_values_and_says_so(bench, kind, after, message):
    bench.write("d/f", FILES[kind], mode=0o640)

    result = bench.run(kind, {"path": "d/f", "updates": [{"key": "a", "value": "y"}, {"key": "b", "value": 2}]})

    assert result == Done({"commitMessage": f"Updated d/f\n\n{message}"})
    assert bench.read("d/f") == after
    assert (bench.workdir / "d/f").stat().st_mode & 0o777 == 0o640
    assert ("info", "d/f: b: 1 -> 2") in bench.lines


@KINDS
def test_a_second_run_changes_nothing(bench, kind):
    bench.write("f", FILES[kind])
    config = {"path": "f", "updates": [{"key": "a", "value": "y"}]}

    bench.run(kind, config)
    once = (bench.workdir / "f").stat()
    bench.run(kind, config)

    assert (bench.workdir / "f").stat().st_ino == once.st_ino


@KINDS
def test_one_wrong_update_leaves_the_file_alone(bench, kind):
    bench.write("f", FILES[kind])
    updates = [{"key": "a", "value": "y"}, {"key": "b", "value": None}]

    with pytest.raises(StepErrored, match=r'Cannot update "f": key "b": the new value is null') as caught:
        bench.run(kind, {"path": "f", "updates": updates})

    assert not caught.value.permanent
    assert bench.read("f") == FILES[kind]


@KINDS
@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nope", "it does not exist"),
        ("f/deeper", "it does not exist"),
        ("d", "Is a directory"),
        ("big", "larger than 10 MiB"),
    ],
)
def test_names_the_file_that_cannot_be_read(bench, kind, path, message):
    bench.write("f", FILES[kind])
    bench.write("d/x")
    with bench.write("big").open("r+b") as file:
        file.truncate(MAX_BYTES + 1)

    with pytest.raises(StepErrored, match=f'"{path}".*{message}') as caught:
        bench.run(kind, {"path": path, "updates": [{"key": "a", "value": 1}]})

    assert "secret-place" not in str(caught.value)


@KINDS
@pytest.mark.parametrize(
    "config",
    [
        {},
        {"path": "f"},
        {"path": "", "updates": [{"key": "a", "value": 1}]},
        {"path": "f", "updates": []},
        {"path": "f", "updates": [{"key": "", "value": 1}]},
        {"path": "f", "updates": [{"key": "a"}]},
        {"path": "f", "updates": [{"value": 1}]},
        {"path": "f", "updates": [{"key": 1, "value": 1}]},
        {"path": "f", "updates": [{"key": "a", "value": 1, "x": 1}]},
        {"path": "f", "updates": [{"key": "a", "value": 1}], "x": 1},
    ],
)
def test_refuses_a_wrong_config(bench, kind, config):
    with pytest.raises(StepFailed, match=f"invalid {kind} config"):
        bench.run(kind, config)


@KINDS
def test_a_link_never_leads_out_of_the_work_tree(bench, kind, tmp_path):
    (tmp_path / "secret").write_text(FILES[kind])
    (bench.workdir / "f").symlink_to(tmp_path / "secret")

    with pytest.raises(StepErrored, match="does not exist"):
        bench.run(kind, {"path": "f", "updates": [{"key": "a", "value": 1}]})

    assert (tmp_path / "secret").read_text() == FILES[kind]


def test_json_update_makes_what_is_missing(bench):
    bench.write("f", "")

    result = bench.run("json-update", {"path": "f", "updates": [{"key": "a.b", "value": "é"}]})

    assert bench.read("f") == '{"a":{"b":"é"}}'
    assert result == Done({"commitMessage": 'Updated f\n\n- a.b: "é"'})
