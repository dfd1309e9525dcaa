"""fail, compose-output and set-metadata."""

import pytest

from promotions.steps.base import Done, StepErrored, StepFailed


@pytest.mark.parametrize(("config", "message"), [({}, "^failed$"), ({"message": "not today"}, "^failed: not today$")])
def test_fail_fails(bench, config, message):
    with pytest.raises(StepFailed, match=message) as caught:
        bench.run("fail", config)

    assert not caught.value.retry


def test_fail_refuses_an_empty_message(bench):
    with pytest.raises(StepFailed, match="invalid fail config: message: must not be empty"):
        bench.run("fail", {"message": ""})


def test_compose_output_gives_its_config_with_all_types(bench):
    config = {"n": 1, "f": 1.5, "b": False, "z": None, "m": {"a": [1, "x"]}, "a key": "x", "model_config": "y"}

    assert bench.run("compose-output", config) == Done(config)


def test_compose_output_wants_at_least_one_property(bench):
    with pytest.raises(StepFailed, match="invalid compose-output config: must have at least one property"):
        bench.run("compose-output", {})


def test_set_metadata_upserts_keys(bench):
    bench.metadata.by_name = {("Stage", "uat"): {"a": 1, "b": 2}, ("Freight", "f1"): {}}
    updates = [
        {"kind": "Stage", "name": "uat", "values": {"b": None, "c": [1]}},
        {"kind": "Freight", "name": "f1", "values": {"x": {"y": True}}},
    ]

    assert bench.run("set-metadata", {"updates": updates}) == Done()
    assert bench.metadata.by_name == {
        ("Stage", "uat"): {"a": 1, "b": None, "c": [1]},
        ("Freight", "f1"): {"x": {"y": True}},
    }


def test_set_metadata_names_what_is_missing_and_keeps_what_was_done_before(bench):
    bench.metadata.by_name = {("Stage", "uat"): {}}
    updates = [
        {"kind": "Stage", "name": "uat", "values": {"a": 1}},
        {"kind": "Freight", "name": "gone", "values": {"a": 1}},
    ]

    with pytest.raises(StepErrored, match='Freight "gone" does not exist in this project'):
        bench.run("set-metadata", {"updates": updates})

    assert bench.metadata.by_name[("Stage", "uat")] == {"a": 1}
