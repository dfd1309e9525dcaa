"""Retention: old freight that nothing refers to is deleted, so that a busy warehouse does not pile up for ever.

Source: Kargo docs and code, garbage collector.
Differs: only freight that no reference protects goes; that of a deleted warehouse goes, too; without a setting
nothing goes.
"""

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from django.db import transaction

from freight.models import Freight, Warehouse
from projects.actors import controller
from projects.audit import record
from projects.models import Project
from projects.notices import announce

logger = logging.getLogger(__name__)

ACTOR = controller("retention")
_BATCH = 200
_NAMED = 50


class References(Protocol):
    """What those above freight know of its use; they hand it in, since freight does not know them."""

    def list_in_stages(self, project: Project) -> set[int]:
        """Primary keys of the freight that is in a stage now."""

    def list_used(self, project: Project, freight_ids: Collection[int]) -> set[int]:
        """Of these, the ones that must stay."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Per warehouse the newest `keep` stay, and all that is younger than `keep_for`; `keep` 0 keeps all."""

    keep: int
    keep_for: timedelta


@dataclass(frozen=True, slots=True)
class Aged:
    """Freight and when it was discovered."""

    pk: int
    discovered_at: datetime


def list_removable(rows: Sequence[Aged], in_stages: Collection[int], policy: Policy, *, now: datetime) -> list[int]:
    """What may go of one warehouse, as far as age and number tell. Pure; `rows` are newest first.

    Everything newer than the oldest freight in a stage stays, whatever the number, and `keep` pieces beyond it.
    """
    if policy.keep == 0:
        return []
    oldest_used = max((place for place, row in enumerate(rows) if row.pk in in_stages), default=-1)
    beyond = rows[oldest_used + 1 + policy.keep :]
    return [row.pk for row in beyond if row.discovered_at <= now - policy.keep_for]


def sweep_freight(references: References, policy: Policy, *, now: datetime) -> int:
    """Delete what the policy and the references let go, in all projects; says how many."""
    if policy.keep == 0:
        return 0
    removed = 0
    for project in Project.objects.all():
        in_stages = references.list_in_stages(project)
        present = set(Warehouse.objects.filter(project=project).values_list("name", flat=True))
        names = Freight.objects.filter(project=project).order_by().values_list("warehouse_name", flat=True).distinct()
        for name in list(names):
            rows = [
                Aged(*row)
                for row in Freight.objects.filter(project=project, warehouse_name=name).values_list(
                    "pk", "discovered_at"
                )
            ]
            old = list_removable(rows, in_stages, policy, now=now)
            removed += sum(_remove(project, batch, references, now=now) for batch in _batches(old))
            if name not in present and old:
                logger.info("Freight of a deleted warehouse swept", extra={"project": project.name, "origin": name})
    return removed


def _remove(project: Project, ids: Sequence[int], references: References, *, now: datetime) -> int:
    """Delete a batch. Its rows are locked before the references are read: nobody can refer to them in between."""
    with transaction.atomic():
        locked = list(Freight.objects.select_for_update().filter(pk__in=ids).values_list("pk", "alias"))
        used = references.list_used(project, [pk for pk, _ in locked])
        unused = {pk: alias for pk, alias in locked if pk not in used}
        if not unused:
            return 0
        Freight.objects.filter(pk__in=unused).delete()
        record(
            ACTOR,
            "deleted",
            project=project,
            target_kind="Freight",
            target_name=f"{len(unused)} old",
            facts={"aliases": list(unused.values())[:_NAMED]},
            at=now,
        )
        announce(project, "freight", now=now)
    return len(unused)


def _batches(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[start : start + _BATCH] for start in range(0, len(ids), _BATCH))
