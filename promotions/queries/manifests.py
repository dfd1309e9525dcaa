"""What the manifests pages show: what would change, what is wrong and where."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser, User

from projects.access import Action, Rights
from projects.documents import Problem, SourceText
from projects.models import Project
from promotions.changesets import Change, ChangeAction, ChangeSet, export_project, plan_changes, required_rights

# What messages call the text of the form.
_FILE = "manifests"
# Lines shown before and after a problem, and problems shown at all: the first ones cause the rest.
_AROUND = 3
_SHOWN_PROBLEMS = 50


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of a diff; `sign` is +, - or a space, and numbers are None where a side has no line."""

    old: int | None
    new: int | None
    sign: str
    text: str


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One object of the change set."""

    kind: str
    name: str
    action: str
    lines: tuple[DiffLine, ...]


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line of the text with the problems that start in it."""

    number: int
    text: str
    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What applying a text would do. `digest` names exactly this text with exactly these effects."""

    change_set: ChangeSet
    digest: str
    changes: tuple[ChangeView, ...]
    unchanged: tuple[ChangeView, ...]
    # Runs of lines around problems.
    excerpts: tuple[tuple[SourceLine, ...], ...]
    refusals: tuple[str, ...]

    @property
    def can_apply(self) -> bool:
        """True when there is something to do, nothing is wrong, and the person may."""
        return bool(self.changes) and not self.change_set.errors and not self.refusals


def preview_changes(person: User | AnonymousUser, text: str, *, scope: str | None) -> Preview:
    """Compare a text with what is stored; `scope` is the only project it may touch."""
    change_set = plan_changes([SourceText(_FILE, text)], scope=scope)
    closed, refusals = _list_closed(person, change_set)
    shown = [change for change in change_set.changes if change not in closed]
    views = [_view(change) for change in shown]
    return Preview(
        change_set=change_set,
        digest=_digest(text, scope, shown),
        changes=tuple(view for view in views if view.action != ChangeAction.UNCHANGED),
        unchanged=tuple(view for view in views if view.action == ChangeAction.UNCHANGED),
        excerpts=tuple(_excerpts(text, change_set)),
        refusals=tuple(dict.fromkeys([*refusals, *list_refusals(person, change_set)])),
    )


def _list_closed(person: User | AnonymousUser, change_set: ChangeSet) -> tuple[list[Change], list[str]]:
    """Secrets that the person may not set, and why: "unchanged" would tell who guesses that the guess is right."""
    closed, refusals = [], []
    for change in change_set.changes:
        project = Project.objects.filter(name=change.project).first() if change.kind == "Secret" else None
        if project is not None and (refusal := Rights(person, project).refusal(Action.MANAGE_CREDENTIALS)):
            closed.append(change)
            refusals.append(refusal)
    return closed, refusals


def list_refusals(person: User | AnonymousUser, change_set: ChangeSet) -> list[str]:
    """Why the person may not apply it, a sentence for each missing right; empty when they may."""
    refusals = []
    for right in required_rights(change_set):
        if right.action is None:
            if not person.is_superuser:
                what = f'create the project "{right.project}"' if right.project else "change what all projects share"
                refusals.append(f"Only a system administrator may {what}.")
            continue
        project = Project.objects.filter(name=right.project).first()
        if project is not None and (refusal := Rights(person, project).refusal(right.action)):
            refusals.append(refusal)
    return refusals


def export_text(project: Project) -> str:
    """The whole project as one YAML text that applies to nothing changed."""
    return "---\n".join(text if text.endswith("\n") else f"{text}\n" for _, text in export_project(project))


def _digest(text: str, scope: str | None, changes: Sequence[Change]) -> str:
    parts = [scope or "", text, *(f"{change} {change.diff}" for change in changes)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _view(change: Change) -> ChangeView:
    return ChangeView(change.kind, change.name, str(change.action), tuple(_diff_lines(change.diff)))


def _diff_lines(diff: str) -> list[DiffLine]:
    """Lines of a unified diff; a gap between hunks is a line with the sign @."""
    lines: list[DiffLine] = []
    old = new = 0
    for line in diff.splitlines()[2:]:
        sign, text = line[:1], line[1:]
        if sign == "@":
            starts = [int(part[1:].split(",")[0]) for part in line.split()[1:3]]
            old, new = starts[0], starts[1]
            if lines:
                lines.append(DiffLine(None, None, "@", "…"))
            continue
        lines.append(DiffLine(None if sign == "+" else old, None if sign == "-" else new, sign, text))
        old += sign != "+"
        new += sign != "-"
    return lines


def _excerpts(text: str, change_set: ChangeSet) -> list[tuple[SourceLine, ...]]:
    errors = change_set.errors[:_SHOWN_PROBLEMS]
    warnings = change_set.warnings[:_SHOWN_PROBLEMS]
    source = text.split("\n")
    last = len(source)
    wanted = sorted(
        {
            number
            for problem in (*errors, *warnings)
            for number in range(min(problem.line, last) - _AROUND, min(problem.line, last) + _AROUND + 1)
            if 1 <= number <= last
        }
    )
    runs: list[list[SourceLine]] = []
    for number in wanted:
        line = SourceLine(number, source[number - 1], _at(errors, number, last), _at(warnings, number, last))
        if runs and runs[-1][-1].number == number - 1:
            runs[-1].append(line)
        else:
            runs.append([line])
    return [tuple(run) for run in runs]


def _at(problems: Sequence[Problem], number: int, last: int) -> tuple[Problem, ...]:
    """A problem at the end of the text may lie one line after the last."""
    return tuple(problem for problem in problems if min(problem.line, last) == number)
