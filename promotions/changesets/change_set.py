"""ChangeSet: what applying some documents would do, and the rights it takes. Shown first, applied later."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from projects.access import Action
from projects.documents import Problem
from promotions.changesets.kinds import Key
from promotions.changesets.parsing import Entry


class ChangeAction(StrEnum):
    """What happens to an object."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Stored:
    """An object as the tables hold it, its contents normalised."""

    pk: int
    contents: dict[str, Any]
    labels: dict[str, str]
    annotations: dict[str, str]
    source: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One object. `diff` is a unified diff of its YAML, empty when nothing changes."""

    action: ChangeAction
    entry: Entry
    before: Stored | None
    diff: str

    @property
    def key(self) -> Key:
        return self.entry.key

    @property
    def kind(self) -> str:
        return self.entry.key.kind

    @property
    def project(self) -> str:
        """The project it belongs to, or is; empty for what all projects share."""
        return self.entry.project_name

    @property
    def name(self) -> str:
        return self.entry.key.name

    def __str__(self) -> str:
        return f"{self.key} {self.action}"


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """All changes in the order of the documents; with errors it cannot be applied."""

    changes: tuple[Change, ...]
    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()

    @property
    def is_empty(self) -> bool:
        """True when applying would write nothing."""
        return all(change.action is ChangeAction.UNCHANGED for change in self.changes)


@dataclass(frozen=True, slots=True, order=True)
class RequiredRight:
    """A right in one project; without an action only a system administrator may do it."""

    project: str
    action: Action | None


def required_rights(change_set: ChangeSet) -> tuple[RequiredRight, ...]:
    """What the actor must be allowed; unchanged objects need nothing. Each right once, in order."""
    new = {
        change.name
        for change in change_set.changes
        if change.kind == "Project" and change.action is ChangeAction.CREATED
    }
    rights: dict[RequiredRight, None] = {}
    for change in change_set.changes:
        if change.action is not ChangeAction.UNCHANGED:
            rights[_right_for(change, new)] = None
    return tuple(rights)


def _right_for(change: Change, new_projects: set[str]) -> RequiredRight:
    # Whoever may make a project may fill it: nobody has rights in it yet.
    if not change.project or change.project in new_projects:
        return RequiredRight(change.project, None)
    if change.kind == "Secret":
        return RequiredRight(change.project, Action.MANAGE_CREDENTIALS)
    configures = change.kind in {"Project", "ProjectConfig"}
    return RequiredRight(change.project, Action.CONFIGURE if configures else Action.EDIT)
