"""Doubt: what one check has to say about one expression, before it has a place in a file. Pure."""

from dataclasses import dataclass, replace

from expressions import ExpressionError
from projects.documents import Problem
from promotions.changesets.checks.places import Place
from promotions.changesets.checks.positions import find_position
from promotions.changesets.parsing import Entry, Findings


@dataclass(frozen=True, slots=True)
class Doubt:
    """A finding. `is_error`: it can never work; else it is suspicious. `position` counts in the expression."""

    rule: str
    message: str
    hint: str = ""
    position: int | None = None
    is_error: bool = False


def report(entry: Entry, place: Place, source: str, doubt: Doubt, findings: Findings) -> None:
    """Turn a doubt into a problem at its place, with the line of the expression and a caret."""
    excerpt = ExpressionError("", doubt.position, source).excerpt if doubt.position is not None else ""
    problem: Problem = entry.document.problem(
        doubt.message, *place.path, hint=doubt.hint, rule=doubt.rule, excerpt=excerpt
    )
    if doubt.position is not None:
        place_of = find_position(entry.document, place.path, place.text, source, doubt.position)
        if place_of is not None:
            problem = replace(problem, line=place_of[0], column=place_of[1])
    (findings.errors if doubt.is_error else findings.warnings).append(problem)
