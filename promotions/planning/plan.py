"""From a stage's template to the flat list of steps that is frozen on a promotion. Pure.

Tasks are inflated, aliases are full (`<task alias>::<short alias>`), variables stand in evaluation order.

Source: Kargo code, promotion builder and step inflation; Kargo docs, Promotion Tasks.
Differs: an alias is stored trimmed; `::` is refused in `as`, since it would look like a step of a task.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from projects.errors import DomainError

# The spec of a task, {"vars": [...], "steps": [...]}, by kind and name; None: there is no such task.
FindTask = Callable[[str, str], dict[str, Any] | None]

PROJECT_TASK = "PromotionTask"
SHARED_TASK = "ClusterPromotionTask"
ALIAS_SEPARATOR = "::"

_RESERVED_ALIAS = re.compile(r"(step|task)-\d+")
_STEP_FIELDS = ("if", "continueOnError", "retry", "config")


class PlanError(DomainError):
    """The template cannot become a promotion; the message names the step and the way out."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a promotion runs.

    `vars`: [{"name", "value"}], stage variables then template variables.
    `steps`: [{"uses", "as", "if"?, "continueOnError"?, "retry"?, "vars"?, "config"?, "task"?}]; `task` is the
    alias of the task that the step came from.
    """

    vars: list[dict[str, Any]]
    steps: list[dict[str, Any]]


def plan_promotion(
    *,
    stage_vars: Sequence[Mapping[str, Any]],
    template: Mapping[str, Any],
    find_task: FindTask,
) -> Plan:
    """Plan the steps of `template` (`promotionTemplate.spec`). Raises PlanError."""
    template_steps = template.get("steps") or []
    if not template_steps:
        raise PlanError(
            "This stage defines no promotion steps, so nothing can be promoted to it: "
            "freight passes through by itself. Add steps to its promotionTemplate."
        )
    promotion_vars = [*_copy_vars(stage_vars), *_copy_vars(template.get("vars"))]
    steps: list[dict[str, Any]] = []
    for alias, step in _name_steps(template_steps, "the promotion template"):
        if step.get("task"):
            steps.extend(_inflate(alias, step, promotion_vars, find_task))
        else:
            steps.append(_plan_step(alias, step, _copy_vars(step.get("vars"))))
    return Plan(vars=promotion_vars, steps=steps)


def _name_steps(steps: Sequence[Mapping[str, Any]], where: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Pair each step with its alias inside its own list; check what the list may hold."""
    named: dict[str, Mapping[str, Any]] = {}
    for number, step in enumerate(steps, start=1):
        if bool(step.get("uses")) == bool(step.get("task")):
            raise PlanError(f"Step {number} of {where} must set exactly one of uses and task.")
        given = str(step.get("as") or "").strip()
        if _RESERVED_ALIAS.fullmatch(given):
            raise PlanError(
                f'The alias "{given}" of step {number} of {where} is reserved for steps without one. '
                "Choose a name that is not step-<number> or task-<number>."
            )
        if ALIAS_SEPARATOR in given:
            raise PlanError(
                f'The alias "{given}" of step {number} of {where} must not contain "::", '
                "which marks the steps of a task."
            )
        alias = given or f"{'task' if step.get('task') else 'step'}-{number}"
        if alias in named:
            raise PlanError(f'The alias "{alias}" of step {number} of {where} is used by an earlier step already.')
        named[alias] = step
    return list(named.items())


def _inflate(
    alias: str,
    reference: Mapping[str, Any],
    promotion_vars: Sequence[Mapping[str, Any]],
    find_task: FindTask,
) -> list[dict[str, Any]]:
    forbidden = [name for name in _STEP_FIELDS if reference.get(name) not in (None, "", False)]
    if forbidden:
        raise PlanError(
            f'Step "{alias}" references a task and cannot set {", ".join(forbidden)}. '
            "Set it on the steps of the task."
        )
    kind, name, task = _get_task(alias, reference["task"], find_task)
    where = f'{kind} "{name}"'
    steps = task.get("steps") or []
    if not steps:
        raise PlanError(f"{where} has no steps. Add at least one.")
    given_vars = _copy_vars(reference.get("vars"))
    outer_vars = [*_task_vars(alias, where, task, promotion_vars, given_vars), *given_vars]
    inflated = []
    for short_alias, step in _name_steps(steps, where):
        if step.get("task"):
            raise PlanError(f'Step "{short_alias}" of {where} references a task; a task cannot use tasks.')
        full_alias = f"{alias}{ALIAS_SEPARATOR}{short_alias}"
        planned = _plan_step(full_alias, step, [*deepcopy(outer_vars), *_copy_vars(step.get("vars"))])
        inflated.append(planned | {"task": alias})
    return inflated


def _get_task(alias: str, reference: Mapping[str, Any], find_task: FindTask) -> tuple[str, str, dict[str, Any]]:
    kind = str(reference.get("kind") or PROJECT_TASK)
    name = str(reference.get("name") or "")
    if kind not in (PROJECT_TASK, SHARED_TASK):
        raise PlanError(
            f'Step "{alias}" references a task of kind "{kind}"; the kinds are {PROJECT_TASK} and {SHARED_TASK}.'
        )
    if not name:
        raise PlanError(f'Step "{alias}" references a task without a name. Set task.name.')
    task = find_task(kind, name)
    if task is not None:
        return kind, name, task
    other = SHARED_TASK if kind == PROJECT_TASK else PROJECT_TASK
    if find_task(other, name) is not None:
        way_out = f'There is a {other} "{name}": if you mean that one, set task.kind to {other}.'
    elif kind == PROJECT_TASK:
        way_out = "Create it in this project, or correct task.name."
    else:
        way_out = "Ask an administrator to create it, or correct task.name."
    raise PlanError(f'{kind} "{name}" of step "{alias}" does not exist. {way_out}')


def _task_vars(
    alias: str,
    where: str,
    task: Mapping[str, Any],
    promotion_vars: Sequence[Mapping[str, Any]],
    given_vars: Sequence[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """Defaults of the task for what neither stage nor template sets; they come before what the step gives."""
    set_by_promotion = {var["name"] for var in promotion_vars if _has_value(var)}
    set_by_step = {var["name"] for var in given_vars if _has_value(var)}
    defaults = []
    for var in _copy_vars(task.get("vars")):
        name = var["name"]
        if name in set_by_promotion:
            continue
        if _has_value(var):
            defaults.append(var)
        elif name not in set_by_step:
            raise PlanError(
                f'Step "{alias}" uses {where}: missing value for variable "{name}". '
                "Set it in vars of that step, of the promotion template or of the stage."
            )
    return defaults


def _has_value(var: Mapping[str, Any]) -> bool:
    return var.get("value") not in (None, "")


def _copy_vars(variables: Sequence[Mapping[str, Any]] | None) -> list[dict[str, Any]]:
    return [{"name": var["name"], "value": deepcopy(var.get("value", ""))} for var in variables or ()]


def _plan_step(alias: str, step: Mapping[str, Any], variables: list[dict[str, Any]]) -> dict[str, Any]:
    planned: dict[str, Any] = {"uses": step["uses"], "as": alias}
    for name in _STEP_FIELDS:
        if step.get(name) not in (None, "", False):
            planned[name] = deepcopy(step[name])
    if variables:
        planned["vars"] = variables
    return planned
