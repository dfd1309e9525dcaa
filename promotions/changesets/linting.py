"""Linting: everything that can be said about manifests without a database. Pure.

Differs: Kargo has no offline check; references are looked up among the given files only.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from projects.documents import Problem, SourceText
from promotions.changesets.checks.references import check_references
from promotions.changesets.checks.step_order import check_step_order
from promotions.changesets.checks.steps import check_steps
from promotions.changesets.checks.task_variables import check_task_variables
from promotions.changesets.checks.templates import check_templates
from promotions.changesets.checks.verification import check_verification
from promotions.changesets.checks.world import World
from promotions.changesets.parsing import Entry, Findings, parse_manifests


@dataclass(frozen=True, slots=True)
class LintReport:
    """Problems sorted by file and place; warnings do not fail."""

    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    objects: int


def lint_texts(texts: Sequence[SourceText]) -> LintReport:
    """Check manifests on their own."""
    findings = Findings()
    entries = parse_manifests(texts, findings)
    world = World({entry.key: entry.contents for entry in entries}, is_complete=False, unreadable=findings.unreadable)
    check_entries(entries, world, findings)
    return LintReport(in_order(findings.errors), in_order(findings.warnings), len(entries))


def check_entries(entries: list[Entry], world: World, findings: Findings) -> None:
    """All checks across objects; what they find goes into `findings`.

    What would fail only when a step runs is an error of the linter; applying it is allowed, as in Kargo.
    """
    doubts = Findings()
    check_references(entries, world, findings)
    check_steps(entries, world, findings)
    check_templates(entries, world, findings, doubts)
    check_task_variables(entries, world, doubts)
    check_step_order(entries, world, doubts)
    check_verification(entries, world, doubts)
    findings.warnings.extend(doubts.warnings)
    (findings.warnings if world.is_complete else findings.errors).extend(doubts.errors)


def in_order(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """Sorted by file, line and column, each once."""
    return tuple(sorted(set(problems)))
