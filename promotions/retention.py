"""What refers to freight: why it cannot be deleted by hand, and what the sweep of old freight has to leave."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from freight.errors import FreightInUse
from freight.models import Freight
from freight.requests import delete_freight
from freight.retention import Policy, sweep_freight
from projects.actors import Actor
from projects.models import Project
from promotions.models import AutoPromotionHold, FreightApproval, Occupancy, Preview, PreviewPhase, Promotion
from promotions.phases import LIVE


@dataclass(frozen=True, slots=True)
class StageReferences:
    """The references that keep freight (`freight.retention.References`); promotions older than `since` keep none."""

    since: datetime

    def list_in_stages(self, project: Project) -> set[int]:
        """Primary keys of the freight that is in a stage now."""
        stays = Occupancy.objects.filter(stage__project=project, until__isnull=True)
        return set(stays.values_list("freight_id", flat=True))

    def list_used(self, project: Project, freight_ids: Collection[int]) -> set[int]:
        """What is or was in a stage, is approved, waits in a queue, is held, previewed or was promoted lately."""
        wanted = {"freight_id__in": list(freight_ids)}
        promoted = Promotion.objects.filter(**wanted)
        held = (
            AutoPromotionHold.objects.filter(stage__project=project)
            .exclude(freight_name="")
            .values_list("freight_name", flat=True)
        )
        found = (
            Occupancy.objects.filter(**wanted).values_list("freight_id", flat=True),
            FreightApproval.objects.filter(**wanted).values_list("freight_id", flat=True),
            promoted.filter(phase__in=LIVE).values_list("freight_id", flat=True),
            promoted.filter(created_at__gte=self.since).values_list("freight_id", flat=True),
            Preview.objects.filter(**wanted, phase__in=(PreviewPhase.PENDING, PreviewPhase.RUNNING)).values_list(
                "freight_id", flat=True
            ),
            Freight.objects.filter(pk__in=freight_ids, name__in=list(held)).values_list("pk", flat=True),
        )
        return {pk for keys in found for pk in keys if pk is not None}


def sweep(policy: Policy, *, now: datetime) -> int:
    """Delete old freight that nothing refers to; says how many."""
    return sweep_freight(StageReferences(since=now - policy.keep_for), policy, now=now)


def explain_use(freight: Freight) -> str:
    """Why this freight cannot be deleted; empty when it can."""
    stays = Occupancy.objects.filter(freight=freight).order_by("stage__column", "stage__row")
    present = _names(stays.filter(until__isnull=True).values_list("stage__name", flat=True))
    if present:
        return (
            f'Freight "{freight.alias}" is in {present}. Promote other freight there first; it stays in the history.'
        )
    waiting = freight.promotions.filter(phase__in=LIVE).order_by("number")
    if numbers := [f"#{number}" for number in waiting.values_list("number", flat=True)]:
        return f'Freight "{freight.alias}" is being promoted: {", ".join(numbers)}. Abort that first.'
    past = _names(stays.values_list("stage__name", flat=True))
    if past:
        return f'Freight "{freight.alias}" was in {past}, and the history of stages is kept.'
    return ""


def remove_freight(actor: Actor, freight: Freight, *, now: datetime) -> None:
    """Delete freight that no stage holds or held and nobody promotes. Raises FreightInUse that names the stages."""
    if reason := explain_use(freight):
        raise FreightInUse(reason)
    delete_freight(actor, freight, now=now)


def _names(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in dict.fromkeys(names))
