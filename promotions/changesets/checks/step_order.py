"""Steps that come in an order which cannot do much: a push without a commit, a wait without a guard. Pure.

Source: Kargo docs, git-push, git-commit, git-open-pr, git-wait-for-pr.
Differs: Kargo has no such check; all of these are warnings.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from expressions import Call, ExpressionError, Member, Node, split_template, walk
from projects.documents import Path, Problem
from promotions.changesets.checks.step_lists import alias_of
from promotions.changesets.checks.world import World, steps_of
from promotions.changesets.parsing import Entry, Findings

# What has to run before a kind of step, and what to say when none of it does.
_NEEDED: Mapping[str, tuple[frozenset[str], str, str]] = {
    "git-commit": (
        frozenset({"git-clone"}),
        "No git-clone runs before this git-commit, so there is nothing to commit to.",
        "Add a git-clone step before it.",
    ),
    "git-push": (
        frozenset({"git-commit", "git-tag", "git-merge"}),
        "No git-commit runs before this git-push, so it has nothing new to push.",
        "Add a git-commit step before it.",
    ),
    "git-wait-for-pr": (
        frozenset({"git-open-pr"}),
        "No git-open-pr runs before this git-wait-for-pr.",
        "Add a git-open-pr step before it, unless the number comes from elsewhere.",
    ),
}
_WAITERS = frozenset({"git-wait-for-pr", "git-merge-pr"})


def check_step_order(entries: list[Entry], world: World, findings: Findings) -> None:
    """All lists of steps among the documents."""
    for entry in entries:
        if entry.key.kind == "Stage":
            at: Path = ("spec", "promotionTemplate", "spec", "steps")
            findings.warnings.extend(_check(entry, steps_of(entry.contents), at, world))
        elif entry.key.kind in {"PromotionTask", "ClusterPromotionTask"}:
            findings.warnings.extend(_check(entry, entry.contents["steps"], ("spec", "steps"), world))


def _check(entry: Entry, steps: Sequence[Mapping[str, Any]], at: Path, world: World) -> Iterator[Problem]:
    """In a task, what the stage runs before it is not known, so only a list that starts anew is judged."""
    kinds: set[str] = set()
    openers: dict[str, str] = {}
    # Something ran that nobody knows: nothing can be missed any more.
    is_open = entry.key.kind != "Stage" and not any(step.get("uses") == "git-clone" for step in steps)
    for index, step in enumerate(steps):
        if reference := step.get("task"):
            task = world.find(reference.get("kind", "PromotionTask"), entry.key.project, reference["name"])
            is_open = is_open or task is None
            kinds.update(inner["uses"] for inner in (task or {}).get("steps") or ())
            continue
        kind = step["uses"]
        if kind in _NEEDED and not is_open and not kinds & _NEEDED[kind][0]:
            _, message, hint = _NEEDED[kind]
            yield entry.document.problem(message, *at, index, "uses", hint=hint, rule="step-order")
        if kind in _WAITERS:
            yield from _check_guard(entry, step, (*at, index), openers)
        kinds.add(kind)
        if kind == "git-open-pr":
            openers[alias_of(step, index)] = kind


def _check_guard(entry: Entry, step: Mapping[str, Any], at: Path, openers: Mapping[str, str]) -> Iterator[Problem]:
    """git-open-pr ends as Skipped when there is nothing to merge; then it has no number to wait for."""
    used = [alias for alias in openers if _uses(step.get("config") or {}, alias)]
    guard = _nodes_of(step.get("if") or "")
    for alias in used:
        is_guarded = any(_asks_status(node, alias) or _names(node, alias) for node in guard)
        if is_guarded or step.get("continueOnError"):
            continue
        message = f'"{alias}" (git-open-pr) is Skipped when nothing changed; this step then has no pull request.'
        hint = f"Add if: ${{{{ status('{alias}') == 'Succeeded' }}}}."
        yield entry.document.problem(message, *at, "uses", hint=hint, rule="unguarded-wait")


def _uses(value: Any, alias: str) -> bool:
    if isinstance(value, str):
        return any(_names(node, alias) for node in _nodes_of(value))
    if isinstance(value, Mapping):
        return any(_uses(item, alias) for item in value.values())
    return isinstance(value, list) and any(_uses(item, alias) for item in value)


def _nodes_of(template: str) -> list[Node]:
    try:
        return [part.node for part in split_template(template) if part.node is not None]
    except ExpressionError:
        return []  # reported where it stands


def _asks_status(node: Node, alias: str) -> bool:
    calls = (each for each in walk(node) if isinstance(each, Call) and each.name in {"status", "success"})
    return any(c.name == "success" or any(_value(a) == alias for a in c.arguments) for c in calls)


def _names(node: Node, alias: str) -> bool:
    """`outputs.alias` or `outputs["alias"]`."""
    return any((isinstance(each, Member) and each.name == alias) or _value(each) == alias for each in walk(node))


def _value(node: Node) -> Any:
    return getattr(node, "value", None)
