"""Freight that may come next: the newest, and what stages have marked, so that no page reads all freight."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef

from freight.models import Freight
from projects.models import Project
from promotions.gates import ProjectFacts, list_eligible
from promotions.models import FreightApproval, FreightVerification, Occupancy, Stage

# Older freight that no stage has verified or been given can only be taken directly, by its own page.
_NEWEST = 200
_MARKED = 200
MOST_BEHIND = 10


def read_candidates(project: Project, *, plus: Iterable[int] = ()) -> list[Freight]:
    """Newest first; `plus` are primary keys that must be among them. Two queries."""
    of_project = Freight.objects.filter(project=project).defer("metadata", "labels", "annotations")
    found = {freight.pk: freight for freight in of_project[:_NEWEST]}
    approvals = FreightApproval.objects.filter(freight=OuterRef("pk"))
    marked = of_project.filter(Exists(FreightVerification.objects.filter(freight=OuterRef("pk"))) | Exists(approvals))
    found |= {freight.pk: freight for freight in marked[:_MARKED]}
    missing = set(plus) - found.keys()
    if missing:
        found |= {freight.pk: freight for freight in of_project.filter(pk__in=missing)}
    return sorted(found.values(), key=age_key, reverse=True)


def age_key(freight: Freight) -> tuple[datetime, str]:
    """Sorts freight by age, as the table does; the larger the newer."""
    return freight.discovered_at, freight.name


def count_newer(
    stage: Stage, stay: Occupancy, candidates: Sequence[Freight], facts: ProjectFacts, *, now: datetime
) -> int:
    """How much eligible freight of the slot's origin is newer than what is there, up to `MOST_BEHIND`."""
    here, name = age_key(stay.freight), stay.freight.warehouse_name
    newer = [freight for freight in candidates if freight.warehouse_name == name and age_key(freight) > here]
    count = 0
    for part in _batched(newer, MOST_BEHIND):
        count += len(list_eligible(facts, stage, part, rights=None, now=now))
        if count >= MOST_BEHIND:
            return MOST_BEHIND
    return count


def _batched(freight_list: Sequence[Freight], size: int) -> Iterator[Sequence[Freight]]:
    """Consecutive parts of at most `size`."""
    for start in range(0, len(freight_list), size):
        yield freight_list[start : start + size]
