"""Variables of tasks: does the task use what it declares, and does it declare what a stage gives it? Pure.

Differs: Kargo has no such check; a variable with a slip in its name is found by both sides of it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from expressions import ExpressionError, Index, Member, Name, Node, split_template, walk
from projects.documents import Problem
from projects.manifest_errors import suggest
from promotions.changesets.checks.world import World, steps_of
from promotions.changesets.parsing import Entry, Findings


def check_task_variables(entries: list[Entry], world: World, findings: Findings) -> None:
    """Tasks among the documents, and the steps of stages that name a task."""
    # Many stages name the same task.
    known: dict[tuple[str, str, str], frozenset[str] | None] = {}
    for entry in entries:
        if entry.key.kind in {"PromotionTask", "ClusterPromotionTask"}:
            findings.warnings.extend(_list_unused(entry))
        elif entry.key.kind == "Stage":
            findings.warnings.extend(_list_unknown(entry, world, known))


def _list_unused(entry: Entry) -> Iterator[Problem]:
    used = list_used(entry.contents)
    if used is None:
        return
    for index, variable in enumerate(entry.contents.get("vars") or ()):
        if variable["name"] not in used:
            message = f'No expression of this task uses the variable "{variable["name"]}".'
            at = ("spec", "vars", index, "name")
            hint = "Remove it, or correct its name."
            yield entry.document.problem(message, *at, hint=hint, rule="unused-task-variable")


def _list_unknown(
    entry: Entry, world: World, known: dict[tuple[str, str, str], frozenset[str] | None]
) -> Iterator[Problem]:
    for index, step in enumerate(steps_of(entry.contents)):
        reference = step.get("task")
        if not reference:
            continue
        key = (reference.get("kind", "PromotionTask"), entry.key.project, reference["name"])
        task = world.find(*key)
        if task is None:
            continue
        if key not in known:
            known[key] = list_used(task)
        if (used := known[key]) is None:
            continue
        declared = [variable["name"] for variable in task.get("vars") or ()]
        for position, variable in enumerate(step.get("vars") or ()):
            if variable["name"] not in used and variable["name"] not in declared:
                message = f'Task "{reference["name"]}" has no variable "{variable["name"]}".'
                hint = suggest(variable["name"], declared, what="Variables")
                at = ("spec", "promotionTemplate", "spec", "steps", index, "vars", position, "name")
                yield entry.document.problem(message, *at, hint=hint, rule="unknown-task-variable")


def list_used(task: Mapping[str, Any]) -> frozenset[str] | None:
    """Names of the variables that a task's expressions use; None when they look at `vars` as a whole."""
    used: set[str] = set()
    for text in _texts([task.get("vars"), task.get("steps")]):
        if "${" not in text:
            continue
        try:
            nodes = [part.node for part in split_template(text) if part.node is not None]
        except ExpressionError:
            return None  # what cannot be read may use anything
        for node in nodes:
            found = _names_in(node)
            if found is None:
                return None
            used |= found
    return frozenset(used)


def _names_in(node: Node) -> set[str] | None:
    names: set[str] = set()
    whole = 0
    for each in walk(node):
        if isinstance(each, Name) and each.name in {"vars", "$env"}:
            whole += 1
        elif isinstance(each, Member) and _is_vars(each.base):
            names.add(each.name)
            whole -= 1
        elif isinstance(each, Index) and _is_vars(each.base):
            key = getattr(each.index, "value", None)
            if isinstance(key, str):
                names.add(key)
                whole -= 1
    return names if whole == 0 else None


def _is_vars(node: Node) -> bool:
    return isinstance(node, Name) and node.name == "vars"


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
