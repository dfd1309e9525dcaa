import pytest

from promotions.files.documents import MAX_BYTES
from promotions.steps.base import Done, StepErrored


def test_sets_values_and_says_so(bench):
    bench.write("v.yaml", "image:\n  tag: v1 # the tag\nreplicas: 1\n", mode=0o640)
    updates = [{"key": "image.tag", "value": "1.10"}, {"key": "replicas", "value": 3}]

    result = bench.run("yaml-update", {"path": "v.yaml", "updates": updates})

    assert result == Done({"commitMessage": 'Updated v.yaml\n\n- image.tag: "1.10"\n- replicas: 3'})
    assert bench.read("v.yaml") == 'image:\n  tag: "1.10" # the tag\nreplicas: 3\n'
    assert (bench.workdir / "v.yaml").stat().st_mode & 0o777 == 0o640


def test_null_is_a_value(bench):
    bench.write("v.yaml", "a: 1\n")

    bench.run("yaml-update", {"path": "v.yaml", "updates": [{"key": "a", "value": None}]})

    assert bench.read("v.yaml") == "a: null\n"


@pytest.mark.parametrize(
    ("path", "key", "value", "message"),
    [
        ("v.yaml", "b", 1, 'Cannot update "v.yaml": key "b" does not exist'),
        ("v.yaml", "a", [1], "the new value is a list"),
        ("nope.yaml", "a", 1, 'Cannot update "nope.yaml": it does not exist'),
        ("d", "a", 1, '"d": Is a directory'),
    ],
)
def test_says_why_it_cannot(bench, path, key, value, message):
    bench.write("v.yaml", "a: 1\n")
    bench.write("d/x")

    with pytest.raises(StepErrored, match=message) as caught:
        bench.run("yaml-update", {"path": path, "updates": [{"key": key, "value": value}]})

    assert bench.read("v.yaml") == "a: 1\n"
    assert "secret-place" not in str(caught.value)


def test_a_file_over_the_limit_is_refused(bench):
    bench.write("v.yaml", "a: 1\n")
    with (bench.workdir / "v.yaml").open("r+b") as file:
        file.truncate(MAX_BYTES + 1)

    with pytest.raises(StepErrored, match=r'Cannot update "v[.]yaml": it is larger than 10 MiB'):
        bench.run("yaml-update", {"path": "v.yaml", "updates": [{"key": "a", "value": 2}]})


def test_a_link_leads_to_the_file_it_means(bench):
    bench.write("real.yaml", "a: 1\n")
    (bench.workdir / "link.yaml").symlink_to("real.yaml")

    bench.run("yaml-update", {"path": "link.yaml", "updates": [{"key": "a", "value": 2}]})

    assert bench.read("real.yaml") == "a: 2\n"
    assert (bench.workdir / "link.yaml").is_symlink()
