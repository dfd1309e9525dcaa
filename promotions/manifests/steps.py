"""Steps as a template or a task lists them, and the rules of their aliases.

Source: Kargo CRD Stage (PromotionStep); Kargo code, validation of promotion templates.
Differs: `::` is refused in `as`, because `a::b` is how a step of a task is called; an alias is kept trimmed.
"""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

import re2
from pydantic import AfterValidator, BeforeValidator, Field

from projects.manifests import (
    Location,
    ManifestPart,
    Name,
    Text,
    Variable,
    exactly_one_of,
    refusal,
    refusals,
)

_RE_TIMEOUT = re2.compile(r"0|([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+")
_RE_RESERVED = re2.compile(r"(step|task)-[0-9]+")
_NOT_WITH_TASK = ("if", "config", "continueOnError", "retry")


def _check_timeout(text: str) -> str:
    if not _RE_TIMEOUT.fullmatch(text):
        raise refusal(f'"{text}" is not a duration.', hint="Write it like this: 90s, 10m or 1h30m.")
    return text


class Retry(ManifestPart):
    """How long a step may take and how many errors it may make."""

    timeout: Annotated[str, AfterValidator(_check_timeout)] | None = None
    error_threshold: int | None = Field(None, ge=0)


class TaskReference(ManifestPart):
    """The task whose steps stand in place of this step."""

    name: Name
    kind: Literal["PromotionTask", "ClusterPromotionTask"] = "PromotionTask"


def _check_alias(text: str) -> str:
    alias = text.strip()
    if "::" in alias:
        hint = 'Use a dash: "::" separates a task from its steps.'
        raise refusal(f'The alias "{alias}" must not contain "::".', hint=hint)
    if _RE_RESERVED.fullmatch(alias):
        hint = "Choose another one, or leave it out."
        raise refusal(f'The alias "{alias}" is reserved for steps without an alias.', hint=hint)
    return alias


class TaskStep(ManifestPart):
    """A step of a task: always a step kind."""

    uses: Text
    as_: Annotated[str, AfterValidator(_check_alias)] | None = Field(None, alias="as")
    if_: str | None = Field(None, alias="if")
    continue_on_error: bool | None = None
    retry: Retry | None = None
    vars: list[Variable] | None = None
    config: dict[str, Any] | None = None


class TemplateStep(TaskStep):
    """A step of a template: a step kind, or a task with variables."""

    uses: Text | None = None  # type: ignore[assignment]
    task: TaskReference | None = None


def _task_stands_alone(value: Any) -> Any:
    if isinstance(value, dict) and value.get("task") is not None:
        findings: list[tuple[str, str, Location]] = [
            (
                f'A step that references a task cannot set "{field}".',
                f'Set "{field}" at the steps inside the task.',
                (field,),
            )
            for field in _NOT_WITH_TASK
            if value.get(field) is not None
        ]
        if findings:
            raise refusals(findings)
    return value


def _no_task_inside(value: Any) -> Any:
    if isinstance(value, dict) and "task" in value:
        message = "A step of a task must use a step kind and cannot reference a task."
        raise refusal(message, hint="Put the steps of the other task here.", at=("task",))
    return value


def _aliases_once(steps: Sequence[TaskStep]) -> Sequence[TaskStep]:
    findings = list(_list_repeated(steps))
    if findings:
        raise refusals(findings)
    return steps


def _list_repeated(steps: Sequence[TaskStep]) -> Iterator[tuple[str, str, Location]]:
    first: dict[str, int] = {}
    for index, step in enumerate(steps):
        if step.as_ and first.setdefault(step.as_, index) != index:
            message = f'The alias "{step.as_}" duplicates that of steps[{first[step.as_]}].'
            yield message, "Give each step its own alias.", (index, "as")


TaskSteps = Annotated[
    list[Annotated[TaskStep, BeforeValidator(_no_task_inside)]],
    Field(min_length=1),
    AfterValidator(_aliases_once),
]
TemplateSteps = Annotated[
    list[
        Annotated[
            TemplateStep,
            BeforeValidator(_task_stands_alone),
            exactly_one_of("uses", "task"),
        ]
    ],
    Field(min_length=1),
    AfterValidator(_aliases_once),
]
