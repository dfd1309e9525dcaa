"""What the pages of promotion tasks show: tasks with their variables, steps and users."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from projects.errors import ObjectNotFound
from projects.models import Project
from promotions.changesets import Key, render_object, render_yaml
from promotions.models import PromotionTask, Stage


@dataclass(frozen=True, slots=True)
class TaskVariable:
    """A variable of a task; without a value every stage must give one."""

    name: str
    value: str | None


@dataclass(frozen=True, slots=True)
class UsingStage:
    """A stage that runs the task; `times` counts the steps that name it."""

    name: str
    code: str
    depth: int
    times: int


@dataclass(frozen=True, slots=True)
class TaskStepLine:
    """One step; `settings` is YAML of everything but its kind and alias."""

    alias: str
    uses: str
    settings: str


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One task of a project, or one that all projects share."""

    name: str
    kind: str
    is_shared: bool
    variables: tuple[TaskVariable, ...]
    step_kinds: tuple[str, ...]
    stages: tuple[UsingStage, ...]


@dataclass(frozen=True, slots=True)
class TaskDetail:
    """One task in full; `source` is its YAML as it was applied, else as it is stored."""

    row: TaskRow
    steps: tuple[TaskStepLine, ...]
    source: str


def list_tasks(project: Project) -> list[TaskRow]:
    """The project's tasks, then shared ones, each by name."""
    stages = list(project.stages.all())
    tasks = PromotionTask.objects.filter(Q(project=project) | Q(project=None)).order_by("name")
    return [_row(task, stages) for task in sorted(tasks, key=lambda task: task.project_id is None)]


def get_task(project: Project, name: str, *, is_shared: bool) -> TaskDetail:
    """One task; raises ObjectNotFound."""
    task = PromotionTask.objects.filter(project=None if is_shared else project, name=name).first()
    if task is None:
        raise ObjectNotFound(f'There is no {"shared " if is_shared else ""}promotion task "{name}".')
    key = Key(task.kind, "" if is_shared else project.name, task.name)
    stored = render_object(key, task.spec, labels=task.labels, annotations=task.annotations)
    return TaskDetail(
        row=_row(task, list(project.stages.all())),
        steps=tuple(_step(number, step) for number, step in enumerate(task.spec.get("steps") or [], start=1)),
        source=task.source or stored,
    )


def _row(task: PromotionTask, stages: Sequence[Stage]) -> TaskRow:
    return TaskRow(
        name=task.name,
        kind=task.kind,
        is_shared=task.project_id is None,
        variables=tuple(
            TaskVariable(item["name"], _as_text(item.get("value"))) for item in task.spec.get("vars") or []
        ),
        step_kinds=tuple(step["uses"] for step in task.spec.get("steps") or []),
        stages=tuple(_find_users(task, stages)),
    )


def _find_users(task: PromotionTask, stages: Sequence[Stage]) -> list[UsingStage]:
    users = []
    for stage in stages:
        times = sum(_names(step, task) for step in stage.steps)
        if times:
            users.append(UsingStage(stage.name, stage.code, stage.depth, times))
    return users


def _names(step: Mapping[str, Any], task: PromotionTask) -> bool:
    reference = step.get("task") or {}
    return reference.get("name") == task.name and (reference.get("kind") or "PromotionTask") == task.kind


def _step(number: int, step: Mapping[str, Any]) -> TaskStepLine:
    rest = {key: value for key, value in step.items() if key not in ("uses", "as") and value is not None}
    return TaskStepLine(step.get("as") or f"step-{number}", step["uses"], render_yaml(rest) if rest else "")


def _as_text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else render_yaml(value).strip()
