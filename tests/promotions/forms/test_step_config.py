"""The form of a config: made of any step's schema, read from what a browser sends, and back to a config."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from promotions.forms.step_config import StepConfigForm
from promotions.steps.registry import find_step, list_steps

EXAMPLES = Path(__file__).resolve().parents[3] / "docs/examples/steps"
CLONE = {
    "config-repoURL": "https://h/r",
    "config-checkout--count": "2",
    "config-checkout-0-path": "src",
    "config-checkout-1-path": "out",
    "config-checkout-1-create": "true",
}


def send(kind: str, data: dict[str, str]) -> StepConfigForm:
    form = StepConfigForm.from_post(find_step(kind), data)
    form.is_valid()
    return form


def as_sent(form: StepConfigForm) -> dict[str, str]:
    """What a browser sends of the form when nobody changes anything."""
    return {**form.data, **{f"{node.name}--count": str(len(node.children)) for node in form.root.walk()}}


@pytest.mark.parametrize("step", list_steps(), ids=lambda step: step.kind)
def test_the_example_of_a_step_goes_into_its_form_and_comes_back_the_same(step) -> None:
    example = YAML(typ="safe").load((EXAMPLES / f"{step.kind}.yaml").read_text())

    begun = StepConfigForm.from_config(step, example["config"])
    sent = send(step.kind, as_sent(begun) | {"check": "1"})

    for form in (begun, sent):
        assert (form.is_valid(), dict(form.errors), form.is_complete) == (True, {}, True)
        assert form.config == example["config"]
        assert YAML(typ="safe").load(form.yaml) == {"uses": step.kind, "config": example["config"]}


@pytest.mark.parametrize("step", list_steps(), ids=lambda step: step.kind)
def test_an_empty_form_has_no_errors_yet(step) -> None:
    form = StepConfigForm.from_config(step, None)

    assert form.is_valid()
    assert form.part.name == "config"
    assert send(step.kind, as_sent(form)).is_valid()


_ENTRIES = {
    "config-path": "p",
    "config-updates--count": "3",
    "config-updates-0-key": "a",
    "config-updates-0-value": "1.10",
    "config-updates-1-key": "b",
    "config-updates-1-value": '"1.10"',
    "config-updates-2-key": "c",
    "config-updates-2-value": "${{ quote(1) }}",
}
_ENTRIES_READ = [{"key": "a", "value": 1.1}, {"key": "b", "value": "1.10"}, {"key": "c", "value": "${{ quote(1) }}"}]
_CLONE_READ = {"repoURL": "https://h/r", "checkout": [{"path": "src"}, {"path": "out", "create": True}]}
_TYPED = {
    "a select by an expression": (
        "http",
        {"config-url": "${{ vars.u }}", "config-method": "${{", "config-method--expression": "${{ m }}"},
        {"url": "${{ vars.u }}", "method": "${{ m }}"},
    ),
    "a list by an expression": (
        "http",
        {"config-url": "u", "config-headers--expression": "${{ vars.h }}"},
        {"url": "u", "headers": "${{ vars.h }}"},
    ),
    "yes or no by an expression": (
        "git-push",
        {"config-path": "o", "config-force": "${{", "config-force--expression": "${{ vars.f }}"},
        {"path": "o", "force": "${{ vars.f }}"},
    ),
    "a number and no": (
        "git-push",
        {"config-path": "o", "config-maxAttempts": "3", "config-force": "false"},
        {"path": "o", "maxAttempts": 3, "force": False},
    ),
    "a number by an expression": (
        "git-push",
        {"config-path": "o", "config-maxAttempts": "${{ vars.n }}"},
        {"path": "o", "maxAttempts": "${{ vars.n }}"},
    ),
    "a group by an expression": (
        "git-clone",
        {**CLONE, "config-author--expression": "${{ vars.a }}"},
        {**_CLONE_READ, "author": "${{ vars.a }}"},
    ),
    "several lines": (
        "file-write",
        {"config-path": "p", "config-contents": "a\r\nb \r\n"},
        {"path": "p", "contents": "a\nb \n"},
    ),
    "a text that may be empty": ("file-write", {"config-path": "p"}, {"path": "p", "contents": ""}),
    "values of any type": ("yaml-update", _ENTRIES, {"path": "p", "updates": _ENTRIES_READ}),
    "names of one's own": (
        "compose-output",
        {"config--count": "2", "config-0--key": "a", "config-0": "x", "config-1--key": "b", "config-1": "[1]"},
        {"a": "x", "b": [1]},
    ),
    "a map of texts": (
        "oci-push",
        {
            "config-srcRef": "h/a:1",
            "config-destRef": "h/b:1",
            "config-annotations--count": "1",
            "config-annotations-0--key": "index:k",
            "config-annotations-0": "v",
        },
        {"srcRef": "h/a:1", "destRef": "h/b:1", "annotations": {"index:k": "v"}},
    ),
}


@pytest.mark.parametrize(("kind", "data", "config"), _TYPED.values(), ids=_TYPED)
def test_every_field_takes_values_and_expressions(kind: str, data: dict[str, str], config) -> None:
    form = send(kind, data)

    assert dict(form.errors) == {}
    assert form.config == config


@pytest.mark.parametrize(
    ("kind", "data", "place", "said"),
    [
        (
            "git-push",
            {"config-path": "o", "config-maxAttempts": "many"},
            "config-maxAttempts",
            "Must be a whole number",
        ),
        ("git-push", {"config-path": "${{ vars. }}"}, "config-path", "expected"),
        ("http", {"config-url": "u", "config-method": "FETCH"}, "config-method", ""),
        ("http", {"config-url": "u", "config-timeout": "soon"}, "config-timeout", "Must match"),
        ("delete", {"config-strict": "true"}, "__all__", "Exactly one of path and paths is required"),
        ("compose-output", {"check": "1"}, "__all__", "at least one property"),
    ],
)
def test_a_wrong_value_is_named_at_its_place(kind: str, data: dict[str, str], place: str, said: str) -> None:
    errors = send(kind, data).errors

    assert place in errors or f"{place}--expression" in errors
    assert any(said in text for texts in errors.values() for text in texts)


@pytest.mark.parametrize("count", ["-1", "x", "9" * 30, "²", ""])
def test_a_silly_number_of_entries_does_no_harm(count: str) -> None:
    assert len(send("git-clone", {**CLONE, "config-checkout--count": count}).config.get("checkout", [])) <= 100


def test_a_list_grows_to_a_hundred_entries_and_no_further() -> None:
    full = {**CLONE, "config-checkout--count": "100"}

    assert len(send("git-clone", {**full, "add": "config-checkout"}).config["checkout"]) == 100


def test_entries_behind_a_removed_one_move_up() -> None:
    form = send("git-clone", {**CLONE, "remove": "config-checkout-0"})

    assert form.config["checkout"] == [{"path": "out", "create": True}]
    assert [child.name for child in form.part.children[1].children] == ["config-checkout-0"]


def test_an_optional_group_with_nothing_in_it_is_left_out() -> None:
    assert "author" not in send("git-clone", CLONE).config
    assert send("git-clone", {**CLONE, "config-author-name": "Ann"}).config["author"] == {"name": "Ann"}


@pytest.mark.parametrize(
    "value", ["1.10", "true", "null", "~", "", "a: b", "[x", '"', "2026-01-01", "plain", "${{ a }}"]
)
def test_a_text_in_a_field_of_any_type_stays_the_same_text(value: str) -> None:
    config = {"path": "p", "updates": [{"key": "a", "value": value}]}

    assert StepConfigForm.from_config(find_step("yaml-update"), config).config == config


@pytest.mark.parametrize("value", [1, 1.5, True, None, [1, "2"], {"a": {"b": "1"}}])
def test_a_value_in_a_field_of_any_type_keeps_its_type(value: object) -> None:
    config = {"path": "p", "updates": [{"key": "a", "value": value}]}

    assert StepConfigForm.from_config(find_step("yaml-update"), config).config == config
