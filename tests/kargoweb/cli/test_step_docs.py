"""The reference of steps is made of the modules; its examples are real configs."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from expressions import check_template
from kargoweb.cli.main import main
from kargoweb.cli.step_docs import EXAMPLES
from promotions.steps.reference import describe_step
from promotions.steps.registry import list_steps
from promotions.steps.templates import list_certain_errors

ROOT = Path(__file__).resolve().parents[3]


def _read_example(kind):
    return YAML(typ="safe").load((EXAMPLES / f"{kind}.yaml").read_text())


def _list_texts(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [text for item in value for text in _list_texts(item)]
    return [value] if isinstance(value, str) else []


def test_the_reference_is_up_to_date():
    made = CliRunner().invoke(main, ["step", "docs"]).stdout

    assert made == (ROOT / "docs/reference/steps.md").read_text(), "run `make docs`"


@pytest.mark.parametrize("step", list_steps(), ids=lambda step: step.kind)
def test_the_example_of_a_step_is_a_step_of_a_template(step):
    example = _read_example(step.kind)

    assert set(example) <= {"uses", "as", "if", "vars", "retry", "continueOnError", "config"}
    assert example["uses"] == step.kind
    assert list_certain_errors(step, example.get("config") or {}) == []
    for text in _list_texts(example):
        check_template(text)


def test_every_example_belongs_to_a_step():
    assert {path.stem for path in EXAMPLES.glob("*.yaml")} == {step.kind for step in list_steps()}


@pytest.mark.parametrize("step", list_steps(), ids=lambda step: step.kind)
def test_a_step_says_what_it_does_in_a_sentence_and_keeps_sources_out(step):
    described = describe_step(step)

    assert described.summary[0].isupper()
    assert described.summary.endswith(".")
    assert not described.summary.startswith(step.kind)
    assert all("Source:" not in text and "Differs:" not in text for text in described.paragraphs)


def test_the_reference_shows_what_holds_between_fields_and_in_lists():
    clone = describe_step(next(step for step in list_steps() if step.kind == "git-clone"))
    fields = {item.path: item for item in clone.fields}

    assert ("checkout[]", "At most one of branch, commit and tag.") in clone.rules
    assert fields["checkout[].path"].is_required
    assert fields["checkout[].sparse"].rules == ("not empty", "no empty texts")
    assert fields["blobless"].default == "false"
    assert "default branch" in clone.differs
