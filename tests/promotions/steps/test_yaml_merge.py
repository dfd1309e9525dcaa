import pytest

from promotions.steps.base import Done, StepErrored, StepFailed


def _merge(bench, *files, out="out.yaml", **config):
    return bench.run("yaml-merge", {"inFiles": list(files), "outFile": out, **config})


def test_lays_later_files_over_the_first_and_says_so(bench):
    bench.write("a.yaml", "image:\n  tag: 1.10 # the tag\n  pull: Always\nlist:\n- a\n- b\ngone: 1\n")
    bench.write("b.yaml", "image:\n  tag: 1.20\nlist: [c]\ngone: null\nnew: yes\n")

    result = _merge(bench, "a.yaml", "b.yaml", out="deep/out.yaml")

    assert result == Done({"commitMessage": "Merged 2 YAML files to deep/out.yaml\n- a.yaml\n- b.yaml"})
    assert bench.read("deep/out.yaml") == "image:\n  tag: 1.20 # the tag\n  pull: Always\nlist: [c]\nnew: yes\n"


def test_one_file_is_written_as_it_is(bench):
    bench.write("a.yaml", "a: 1\n")

    assert _merge(bench, "a.yaml") == Done({"commitMessage": "Wrote a.yaml to out.yaml"})
    assert bench.read("out.yaml") == "a: 1\n"


def test_a_missing_file_ends_the_step(bench):
    bench.write("a.yaml", "a: 1\n")

    with pytest.raises(StepErrored, match=r'"no\.yaml" does not exist; set ignoreMissingFiles'):
        _merge(bench, "a.yaml", "no.yaml")

    assert bench.files() == ["a.yaml"]


def test_missing_files_can_be_left_out(bench):
    bench.write("a.yaml", "a: 1\n")

    result = _merge(bench, "no.yaml", "a.yaml", "none.yaml", ignoreMissingFiles=True)

    assert result == Done({"commitMessage": "Wrote a.yaml to out.yaml"})


def test_without_any_file_the_result_is_empty_and_there_is_no_output(bench):
    assert _merge(bench, "no.yaml", ignoreMissingFiles=True) == Done()
    assert bench.read("out.yaml") == ""


def test_a_second_run_into_the_base_changes_nothing_more(bench):
    bench.write("a.yaml", "a: 1\nb: [1]\n", mode=0o640)
    bench.write("b.yaml", "a: 2\nb: [2]\n")

    _merge(bench, "a.yaml", "b.yaml", out="a.yaml")
    once = bench.read("a.yaml")
    _merge(bench, "a.yaml", "b.yaml", out="a.yaml")

    assert bench.read("a.yaml") == once == "a: 2\nb: [2]\n"
    assert (bench.workdir / "a.yaml").stat().st_mode & 0o777 == 0o640


def test_names_the_file_and_the_line_that_is_wrong(bench):
    bench.write("a.yaml", "a: 1\n")
    bench.write("b.yaml", "a: 1\nb: [\n")

    with pytest.raises(StepErrored, match=r'Cannot merge: "b\.yaml": it is not valid YAML in line 3'):
        _merge(bench, "a.yaml", "b.yaml")

    assert "out.yaml" not in bench.files()


@pytest.mark.parametrize(
    "config",
    [
        {"outFile": "o"},
        {"inFiles": [], "outFile": "o"},
        {"inFiles": ["a"], "outFile": ""},
        {"inFiles": [1], "outFile": "o"},
        {"inFiles": ["a"], "outFile": "o", "ignoreMissingFiles": "yes"},
        {"inFiles": ["a"], "outFile": "o", "strict": True},
    ],
)
def test_refuses_a_wrong_config(bench, config):
    with pytest.raises(StepFailed, match="invalid yaml-merge config"):
        bench.run("yaml-merge", config)
