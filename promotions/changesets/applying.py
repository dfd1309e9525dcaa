"""Applying: write a planned change set, all of it or nothing.

Source: Kargo docs; objects are compared, so applying twice changes nothing the second time.
Differs: Kubernetes applies object by object and stops in the middle.
"""

from collections.abc import Collection
from datetime import datetime

from django.db import IntegrityError, transaction

from projects.actors import Actor
from projects.errors import StaleVersion
from projects.locks import lock_projects
from projects.models import Project
from projects.notices import announce
from promotions.changesets.change_set import Change, ChangeAction, ChangeSet
from promotions.changesets.errors import ChangesRefused
from promotions.changesets.kinds import order_of
from promotions.changesets.map_places import place_stages
from promotions.changesets.planning import load_for
from promotions.changesets.writers import write_change

_STALE = (
    "{what} was changed by somebody else meanwhile, so nothing was changed. Look at the changes again, then apply."
)
_MAP_KINDS = frozenset({"Warehouse", "Stage"})


def apply_changes(actor: Actor, change_set: ChangeSet, *, now: datetime) -> None:
    """Write everything in one transaction, with an audit entry for each object; unchanged objects are not touched.

    Raises ChangesRefused when the set holds errors, StaleVersion when an object changed since it was planned.
    """
    if change_set.errors:
        raise ChangesRefused(change_set.errors)
    todo = [change for change in change_set.changes if change.action is not ChangeAction.UNCHANGED]
    if not todo:
        return
    try:
        with transaction.atomic():
            _lock_projects({change.project for change in todo})
            _refuse_stale(todo)
            for change in sorted(todo, key=lambda change: order_of(change.key)):
                write_change(actor, change, now=now)
            for name in sorted({change.project for change in todo if change.project}):
                _finish_project(Project.objects.get(name=name), todo, now)
    except IntegrityError as error:
        if "unique" not in str(error).lower():
            raise
        raise StaleVersion(_STALE.format(what="Something")) from error


def _lock_projects(names: Collection[str]) -> None:
    """Two applies to one project go one after the other."""
    lock_projects(Project.objects.filter(name__in=names).values_list("pk", flat=True))


def _refuse_stale(todo: list[Change]) -> None:
    stored = load_for([change.entry for change in todo])
    for change in todo:
        if stored.get(change.key) != change.before:
            raise StaleVersion(_STALE.format(what=change.entry.title()))


def _finish_project(project: Project, todo: list[Change], now: datetime) -> None:
    own = [change for change in todo if change.project == project.name]
    if any(change.kind in _MAP_KINDS for change in own):
        place_stages(project)
    announce(project, "configuration", now=now)
