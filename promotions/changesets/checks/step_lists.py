"""The steps of a template or a task in the order they run, with the steps each of them can look back on. Pure.

Source: Kargo docs, promotion tasks (aliases of their steps); Kargo code, step inflation.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from projects.documents import Path
from promotions.changesets.checks.scopes import Aliases, StepRef
from promotions.changesets.checks.world import World

_EXPORTS = "compose-output"


@dataclass(frozen=True, slots=True)
class ListedStep:
    """One step of a list. `task_variables`: what the task that it names declares; `is_task`: it names one."""

    index: int
    alias: str
    step: Mapping[str, Any]
    path: Path
    outputs: Aliases | None
    task_outputs: Aliases | None
    statuses: Aliases | None
    is_task: bool = False
    task_variables: Mapping[str, None] = field(default_factory=dict)


def alias_of(step: Mapping[str, Any], index: int) -> str:
    """The alias, or the one a step without has by its place."""
    return (step.get("as") or "").strip() or f"{'task' if step.get('task') else 'step'}-{index + 1}"


def ref_of(step: Mapping[str, Any]) -> StepRef:
    """What the checks of outputs need to know of a step."""
    return StepRef(step.get("uses") or "", step.get("config") or {})


def list_stage_steps(
    steps: Sequence[Mapping[str, Any]], at: Path, project: str, world: World
) -> Iterator[ListedStep]:
    """Steps of a stage's template; tasks that are known show their steps as `<task>::<step>`."""
    aliases = [alias_of(step, index) for index, step in enumerate(steps)]
    before: dict[str, StepRef] = {}
    plain: dict[str, StepRef] = {}
    unknown: set[str] = set()
    for index, step in enumerate(steps):
        alias, reference = aliases[index], step.get("task")
        later = frozenset(aliases[index + 1 :])
        task = world.find(reference.get("kind", "PromotionTask"), project, reference["name"]) if reference else None
        yield ListedStep(
            index,
            alias,
            step,
            (*at, index),
            outputs=Aliases(dict(before), later, frozenset({*unknown, alias})),
            task_outputs=None,
            statuses=Aliases(dict(plain), later, frozenset({alias})),
            is_task=bool(reference),
            task_variables=dict.fromkeys(v["name"] for v in (task or {}).get("vars") or ()),
        )
        if not reference:
            before[alias] = plain[alias] = ref_of(step)
        elif task is None:
            unknown.add(alias)
        else:
            before.update(_results_of(alias, task))


def _results_of(alias: str, task: Mapping[str, Any]) -> Iterator[tuple[str, StepRef]]:
    """What later steps can ask of a task: each of its steps, and what compose-output exports."""
    exported: dict[str, Any] = {}
    exports = False
    for index, step in enumerate(task.get("steps") or ()):
        yield f"{alias}::{alias_of(step, index)}", ref_of(step)
        if step.get("uses") == _EXPORTS:
            exports = True
            exported.update(step.get("config") or {})
    if exports:
        yield alias, StepRef(_EXPORTS, exported)


def list_task_steps(steps: Sequence[Mapping[str, Any]], at: Path) -> Iterator[ListedStep]:
    """Steps of a task: they see each other only; what runs before the task is not known."""
    aliases = [alias_of(step, index) for index, step in enumerate(steps)]
    before: dict[str, StepRef] = {}
    for index, step in enumerate(steps):
        seen = Aliases(dict(before), frozenset(aliases[index + 1 :]), frozenset({aliases[index]}))
        yield ListedStep(index, aliases[index], step, (*at, index), None, seen, seen)
        before[aliases[index]] = ref_of(step)
