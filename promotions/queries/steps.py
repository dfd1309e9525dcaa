"""What the pages of the step catalogue show: every kind of step that can be used here, and one in full."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from projects.errors import ObjectNotFound
from promotions.steps.base import Effect, Step
from promotions.steps.reference import ConfigField, StepReference, describe_step
from promotions.steps.registry import explain_unknown, find_step, list_custom, list_steps

_EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples" / "steps"


@dataclass(frozen=True, slots=True)
class StepRow:
    """One kind; `package` is empty for built-in ones."""

    kind: str
    summary: str
    is_outside: bool
    package: str


@dataclass(frozen=True, slots=True)
class StepPage:
    """One kind in full; `example` is the YAML of a step, or empty."""

    row: StepRow
    reference: StepReference
    example: str


def list_step_rows(search: str) -> list[StepRow]:
    """Kinds that hold all words of the search in their names, texts, fields or outputs, by kind."""
    words = search.lower().split()
    packages = _list_packages()
    rows = []
    for step in list_steps():
        described = _read_plain(step)
        if all(word in _text_of(described) for word in words):
            rows.append(_row(described, packages))
    return rows


def get_step(kind: str) -> Step[Any]:
    """Raises ObjectNotFound, with the reason for a custom step that cannot be used."""
    step = find_step(kind)
    if step is None:
        raise ObjectNotFound(f"There is no such step: {explain_unknown(kind)}.")
    return step


def read_step_page(step: Step[Any]) -> StepPage:
    """The page of one kind."""
    described = _read_plain(step)
    file = _EXAMPLES / f"{step.kind}.yaml"
    example = file.read_text() if step in _built_in() and file.is_file() else ""
    return StepPage(_row(described, _list_packages()), described, example)


def read_example(page: StepPage) -> dict[str, Any] | None:
    """The config of the example."""
    if not page.example:
        return None
    config: dict[str, Any] = YAML(typ="safe").load(page.example).get("config") or {}
    return config


def _read_plain(step: Step[Any]) -> StepReference:
    """Without the marks of Markdown."""
    described = describe_step(step)
    return replace(
        described,
        summary=_plain(described.summary),
        paragraphs=tuple(map(_plain, described.paragraphs)),
        differs=_plain(described.differs),
        preview=_plain(described.preview),
        outputs=tuple((name, _plain(text)) for name, text in described.outputs),
        fields=tuple(_without_marks(item) for item in described.fields),
    )


def _without_marks(item: ConfigField) -> ConfigField:
    return replace(
        item,
        type=_plain(item.type),
        rules=tuple(map(_plain, item.rules)),
        description=_plain(item.description),
    )


def _plain(text: str) -> str:
    return text.replace("`", "")


def _row(described: StepReference, packages: dict[str, str]) -> StepRow:
    is_outside = described.effect is Effect.OUTSIDE
    return StepRow(described.kind, described.summary, is_outside, packages.get(described.kind, ""))


def _list_packages() -> dict[str, str]:
    return {item.kind: f"{item.package} {item.version}".strip() for item in list_custom() if item.step}


def _built_in() -> list[Step[Any]]:
    custom = _list_packages()
    return [step for step in list_steps() if step.kind not in custom]


def _text_of(described: StepReference) -> str:
    texts = [described.kind, described.summary, *described.paragraphs, *(name for name, _ in described.outputs)]
    return " ".join([*texts, *(item.path for item in described.fields)]).lower()
