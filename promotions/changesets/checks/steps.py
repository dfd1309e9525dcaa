"""Steps of templates and tasks: do their tasks exist, are all variables given, are kinds and config keys known? Pure.

Source: Kargo code, promotion builder (tasks and variables, checked there when a promotion is created).
Differs: checked when the stage is saved; unknown step kinds and config keys are warned of.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from projects.documents import Path, Problem
from projects.manifest_errors import list_problems, suggest
from promotions.changesets.checks.world import World, steps_of, template_of, variables_of
from promotions.changesets.kinds import Key
from promotions.changesets.parsing import Entry, Findings
from promotions.steps.registry import find_step, list_steps
from promotions.steps.templates import depends_on_expression

# Findings of pydantic by the rule they break; the last one takes the rest.
_CONFIG_RULES: tuple[tuple[str, frozenset[str]], ...] = (
    ("unknown-config-field", frozenset({"extra_forbidden"})),
    ("missing-config-field", frozenset({"missing"})),
    ("invalid-config-value", frozenset()),
)


def check_steps(entries: list[Entry], world: World, findings: Findings) -> None:
    """All steps of the stages and tasks among the documents."""
    given = {entry.key for entry in entries}
    for entry in entries:
        if entry.key.kind == "Stage":
            at: Path = ("spec", "promotionTemplate", "spec", "steps")
            for index, step in enumerate(steps_of(entry.contents)):
                if "task" in step:
                    _check_task(entry, index, step, world, findings)
                else:
                    findings.warnings.extend(_list_step_doubts(entry, step, (*at, index)))
        elif entry.key.kind in {"PromotionTask", "ClusterPromotionTask"}:
            for index, step in enumerate(entry.contents["steps"]):
                findings.warnings.extend(_list_step_doubts(entry, step, ("spec", "steps", index)))
            findings.warnings.extend(_list_stages_left_behind(entry, given, world))


def _check_task(entry: Entry, index: int, step: Mapping[str, Any], world: World, findings: Findings) -> None:
    reference = step["task"]
    kind, name = reference["kind"], reference["name"]
    at: Path = ("spec", "promotionTemplate", "spec", "steps", index)
    alias = f' ("{step["as"]}")' if step.get("as") else ""
    where = f"{entry.title()}, steps[{index}]{alias}"
    if not world.has(kind, entry.key.project, name):
        message, hint, is_certain = _explain_missing_task(entry.key.project, kind, name, world)
        problem = entry.document.problem(f"{where}: {message}", *at, "task", "name", hint=hint, rule="unknown-task")
        (findings.errors if is_certain else findings.warnings).append(problem)
    if (task := world.find(kind, entry.key.project, name)) is None:
        return
    for variable in _list_missing(task, entry.contents, step):
        message = f'{where}: missing value for variable "{variable}" of {kind} "{name}".'
        hint = f"Add it under vars of this step: - name: {variable}, value: ..."
        problem = entry.document.problem(message, *at, "task", hint=hint, rule="missing-task-variable")
        findings.errors.append(problem)


def _list_missing(task: Mapping[str, Any], stage: Mapping[str, Any], step: Mapping[str, Any]) -> list[str]:
    """Variables of the task that neither itself, the stage, its template nor the step gives a value."""
    given = {name for name, value in _variables_in_reach(stage, step) if value}
    return [name for name, default in variables_of(task.get("vars")) if not default and name not in given]


def _list_stages_left_behind(entry: Entry, given: set[Key], world: World) -> Iterator[Problem]:
    """Stored stages, not among the documents, that do not give what the task now asks for."""
    for key, stage in world.objects.items():
        is_in_reach = entry.key.project in {"", key.project}
        if key.kind != "Stage" or key in given or not is_in_reach:
            continue
        for index, step in enumerate(steps_of(stage)):
            task = step.get("task") or {}
            if (task.get("kind", "PromotionTask"), task.get("name")) != (entry.key.kind, entry.key.name):
                continue
            for variable in _list_missing(entry.contents, stage, step):
                message = (
                    f'Stage "{key.name}", steps[{index}], gives no value for variable "{variable}" of this task.'
                )
                hint = "Give the variable a default here, or a value in the stage."
                yield entry.document.problem(message, "spec", "vars", hint=hint, rule="missing-task-variable")


def _variables_in_reach(stage: Mapping[str, Any], step: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    return variables_of(stage.get("vars"), template_of(stage).get("vars"), step.get("vars"))


def _explain_missing_task(project: str, kind: str, name: str, world: World) -> tuple[str, str, bool]:
    """What is missing, the way out, and whether it is certain (offline, tasks may exist elsewhere)."""
    other = "PromotionTask" if kind.startswith("Cluster") else "ClusterPromotionTask"
    place = "for all projects" if kind.startswith("Cluster") else f'in project "{project}"'
    message = f'{kind} "{name}" does not exist {place}.'
    if world.has(other, project, name):
        return message, f"There is a {other} of this name; to use it, set task.kind: {other}.", True
    known = world.list_names(kind, project)
    what = suggest(name, known, what="Tasks there are") if known else "There are no tasks yet."
    hint = f"{what} Add the {kind} to these documents, or correct the name."
    return message, hint, world.is_complete


def _list_step_doubts(entry: Entry, step: Mapping[str, Any], at: Path) -> Iterator[Problem]:
    """Unknown kind, unknown or missing config keys, literal values that cannot be right."""
    kind = find_step(step["uses"])
    if kind is None:
        message = f'There is no step kind "{step["uses"]}".'
        hint = suggest(step["uses"], (known.kind for known in list_steps()), what="Step kinds")
        yield entry.document.problem(message, *at, "uses", hint=hint, rule="unknown-step-kind")
        return
    config = step.get("config") or {}
    try:
        kind.config.model_validate(config)
    except ValidationError as error:
        for rule, types in _CONFIG_RULES:
            problems = list_problems(
                error,
                kind.config,
                entry.document,
                at=(*at, "config"),
                only=lambda finding, types=types: (  # type: ignore[misc]
                    _is_one_of(finding["type"], types) and not depends_on_expression(finding, config)
                ),
            )
            yield from (replace(problem, rule=rule) for problem in problems)


def _is_one_of(kind: str, types: frozenset[str]) -> bool:
    if types:
        return kind in types
    return all(kind not in named for _, named in _CONFIG_RULES)
