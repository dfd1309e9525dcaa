"""Every place of a manifest where an expression may stand, with what it may see there. Pure.

Source: Kargo docs, Expressions (where they are allowed); promotion tasks (what their steps see).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from projects.documents import Path
from promotions.changesets.checks.scopes import (
    VERIFICATION_CONTEXT,
    ExpressionScope,
    builtin_functions,
    discovery_functions,
    promotion_functions,
)
from promotions.changesets.checks.step_lists import ListedStep, list_stage_steps, list_task_steps
from promotions.changesets.checks.world import World, steps_of, template_of
from promotions.changesets.parsing import Entry
from promotions.planning.artifacts import RequestedOrigin

_EVERYTHING = frozenset({"ctx", "vars", "outputs", "stepMetas"})
_BRANCH_FACTS = frozenset({"id", "commitDate", "author", "committer", "subject"})
_TAG_FACTS = frozenset({"tag", "id", "creatorDate", "author", "committer", "subject", "tagger", "annotation"})
_STARTS = ("${{", "${%")


@dataclass(frozen=True, slots=True)
class Place:
    """A text that is evaluated. `field` is the key in a step's config (`message`), `if`, or empty."""

    path: Path
    text: str
    is_template: bool
    scope: ExpressionScope
    step: ListedStep | None = None
    field: str = ""


def list_places(entry: Entry, world: World) -> Iterator[Place]:
    """All places of one object, in the order of evaluation."""
    match entry.key.kind:
        case "Stage":
            yield from _of_stage(entry, world)
        case "PromotionTask" | "ClusterPromotionTask":
            yield from _of_task(entry, world)
        case "Warehouse":
            yield from _of_warehouse(entry)


def _of_stage(entry: Entry, world: World) -> Iterator[Place]:
    spec, project = entry.contents, entry.key.project
    at: Path = ("spec", "promotionTemplate", "spec")
    origins = _read_origins(spec, project, world)
    scope = ExpressionScope(promotion_functions(with_status=False), frozenset({"ctx", "vars"}), origins=origins)
    yield from _of_variables(spec.get("vars"), ("spec", "vars"), scope)
    scope = _with_variables(scope, spec.get("vars"))
    stage_scope = scope
    yield from _of_variables(template_of(spec).get("vars"), (*at, "vars"), scope)
    scope = replace(_with_variables(scope, template_of(spec).get("vars")), names=_EVERYTHING)
    for listed in list_stage_steps(steps_of(spec), (*at, "steps"), project, world):
        yield from _of_step(listed, scope)
    arguments = (spec.get("verification") or {}).get("args")
    verification = replace(stage_scope, context=VERIFICATION_CONTEXT)
    for index, argument in enumerate(arguments or ()):
        if argument.get("value"):
            yield Place(("spec", "verification", "args", index, "value"), argument["value"], True, verification)


def _of_task(entry: Entry, world: World) -> Iterator[Place]:
    spec = entry.contents
    scope = ExpressionScope(
        promotion_functions(with_status=False),
        _EVERYTHING | {"task"},
        vars=dict.fromkeys(_list_foreign_names(entry, world)),
        is_in_task=True,
    )
    yield from _of_variables(spec.get("vars"), ("spec", "vars"), scope)
    # A stage may give another value, so the texts are not relied on.
    own = dict.fromkeys(variable["name"] for variable in spec.get("vars") or ())
    scope = replace(scope, vars={**scope.vars, **own})
    for listed in list_task_steps(spec.get("steps") or (), ("spec", "steps")):
        yield from _of_step(listed, scope)


def _list_foreign_names(entry: Entry, world: World) -> Iterator[str]:
    """Variables that the stages using this task bring along."""
    for key, stage in world.objects.items():
        if key.kind != "Stage" or entry.key.project not in {"", key.project}:
            continue
        for step in steps_of(stage):
            task = step.get("task") or {}
            if (task.get("kind", "PromotionTask"), task.get("name")) == (entry.key.kind, entry.key.name):
                for variables in (stage.get("vars"), template_of(stage).get("vars"), step.get("vars")):
                    yield from (variable["name"] for variable in variables or ())


def _of_step(listed: ListedStep, scope: ExpressionScope) -> Iterator[Place]:
    step, at = listed.step, listed.path
    scope = replace(
        scope,
        outputs=listed.outputs,
        task_outputs=listed.task_outputs,
        statuses=listed.statuses,
        is_in_task=scope.is_in_task or listed.is_task,
        names=scope.names if not listed.is_task or scope.names is None else scope.names | {"task"},
        vars={**scope.vars, **listed.task_variables},
    )
    yield from _of_variables(step.get("vars"), (*at, "vars"), scope, listed)
    scope = replace(_with_variables(scope, step.get("vars")), functions=promotion_functions(with_status=True))
    if step.get("if"):
        yield Place((*at, "if"), step["if"], True, scope, listed, "if")
    for field, value in (step.get("config") or {}).items():
        for path, text in _texts(value, (*at, "config", field)):
            if _is_bare(path, text):
                yield Place(path, text, False, _answer_scope(listed), listed, str(field))
            else:
                yield Place(path, text, True, scope, listed, str(field))


def _is_bare(path: Path, text: str) -> bool:
    """Is this one of the fields whose text the step itself evaluates?"""
    named = isinstance(path[-1], str) and path[-1].endswith("Expression")
    return named and bool(text.strip()) and not any(start in text for start in _STARTS)


def _answer_scope(listed: ListedStep) -> ExpressionScope:
    names = frozenset({"response"}) if listed.step.get("uses") == "http" else None
    return ExpressionScope(builtin_functions(in_template=False), names)


def _of_variables(
    variables: Sequence[Mapping[str, Any]] | None, at: Path, scope: ExpressionScope, step: ListedStep | None = None
) -> Iterator[Place]:
    """The values; each sees the variables before it."""
    for index, variable in enumerate(variables or ()):
        if variable.get("value"):
            yield Place((*at, index, "value"), variable["value"], True, scope, step)
        scope = _with_variables(scope, [variable])


def _with_variables(scope: ExpressionScope, variables: Sequence[Mapping[str, Any]] | None) -> ExpressionScope:
    given = {variable["name"]: variable.get("value") or "" for variable in variables or ()}
    return replace(scope, vars={**scope.vars, **given})


def _texts(value: Any, at: Path) -> Iterator[tuple[Path, str]]:
    """Every text inside a config; keys are never templates."""
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, (*at, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*at, index))


def _read_origins(spec: Mapping[str, Any], project: str, world: World) -> tuple[RequestedOrigin, ...] | None:
    """What the requested warehouses offer; None when one of them is not among the documents."""
    origins = []
    for request in spec["requestedFreight"]:
        warehouse = world.find("Warehouse", project, request["origin"]["name"])
        if warehouse is None:
            return None
        origins.append(RequestedOrigin.from_spec(request["origin"]["name"], warehouse))
    return tuple(origins)


def _of_warehouse(entry: Entry) -> Iterator[Place]:
    criteria: Mapping[str, Any] = entry.contents.get("freightCreationCriteria") or {}
    if (criteria.get("expression") or "").strip():
        scope = ExpressionScope(discovery_functions(), frozenset())
        yield Place(("spec", "freightCreationCriteria", "expression"), criteria["expression"], False, scope)
    for index, subscription in enumerate(entry.contents["subscriptions"]):
        git = subscription.get("git") or {}
        text = git.get("expressionFilter") or ""
        if text.strip():
            is_branch = (git.get("commitSelectionStrategy") or "NewestFromBranch") == "NewestFromBranch"
            scope = ExpressionScope(builtin_functions(in_template=False), _BRANCH_FACTS if is_branch else _TAG_FACTS)
            yield Place(("spec", "subscriptions", index, "git", "expressionFilter"), text, False, scope)
