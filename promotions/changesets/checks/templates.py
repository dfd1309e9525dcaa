"""Do the expressions parse? Every `${{ }}` of steps, variables and verification, and the bare ones. Pure.

Source: Kargo docs, Expressions (where they are allowed).
Differs: Kargo finds a syntax error when the step runs; here the manifest is refused.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from expressions import ExpressionError, check_template, parse
from projects.documents import Path, Problem
from promotions.changesets.parsing import Entry, Findings


def check_templates(entries: list[Entry], findings: Findings) -> None:
    """Parse everything that is a template or an expression in stages, tasks and warehouses."""
    for entry in entries:
        for path, text in _list_templates(entry):
            _check(entry, path, text, check_template, findings)
        for path, text in _list_expressions(entry):
            _check(entry, path, text, parse, findings)


def _check(entry: Entry, path: Path, text: str, check: Any, findings: Findings) -> None:
    try:
        check(text)
    except ExpressionError as error:
        findings.errors.append(_problem(entry, path, error))


def _problem(entry: Entry, path: Path, error: ExpressionError) -> Problem:
    what = f"This expression cannot be read: {error.message}."
    excerpt = " ".join(error.excerpt.split("\n")[:1]).strip()
    shown = f' In "{excerpt}".' if excerpt else ""
    return entry.document.problem(f"{what}{shown}", *path, hint=error.hint or "Correct the expression.")


def _list_templates(entry: Entry) -> Iterator[tuple[Path, str]]:
    contents = entry.contents
    if entry.key.kind == "Stage":
        template = (contents.get("promotionTemplate") or {}).get("spec") or {}
        at: Path = ("spec", "promotionTemplate", "spec")
        yield from _values_of(contents.get("vars"), ("spec", "vars"))
        yield from _values_of(template.get("vars"), (*at, "vars"))
        yield from _steps(template.get("steps"), (*at, "steps"))
        arguments = (contents.get("verification") or {}).get("args")
        yield from _values_of(arguments, ("spec", "verification", "args"))
    elif entry.key.kind in {"PromotionTask", "ClusterPromotionTask"}:
        yield from _values_of(contents.get("vars"), ("spec", "vars"))
        yield from _steps(contents.get("steps"), ("spec", "steps"))


def _steps(steps: Any, at: Path) -> Iterator[tuple[Path, str]]:
    for index, step in enumerate(steps or ()):
        yield from _values_of(step.get("vars"), (*at, index, "vars"))
        if "if" in step:
            yield (*at, index, "if"), step["if"]
        yield from _texts(step.get("config"), (*at, index, "config"))


def _values_of(variables: Any, at: Path) -> Iterator[tuple[Path, str]]:
    for index, variable in enumerate(variables or ()):
        if variable.get("value"):
            yield (*at, index, "value"), variable["value"]


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


def _list_expressions(entry: Entry) -> Iterator[tuple[Path, str]]:
    if entry.key.kind != "Warehouse":
        return
    criteria: Mapping[str, Any] = entry.contents.get("freightCreationCriteria") or {}
    if (criteria.get("expression") or "").strip():
        yield ("spec", "freightCreationCriteria", "expression"), criteria["expression"]
    for index, subscription in enumerate(entry.contents["subscriptions"]):
        text = (subscription.get("git") or {}).get("expressionFilter") or ""
        if text.strip():
            yield ("spec", "subscriptions", index, "git", "expressionFilter"), text
