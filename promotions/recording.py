"""What a stage makes of ended promotions: what it holds now, since when, and what left it.

Source: Kargo code, stage controller (syncPromotions, syncFreight); soak bookkeeping of Freight status.
"""

from datetime import datetime, timedelta

from freight.models import Freight
from projects.wakeup import wake
from promotions.holds import apply_intent
from promotions.models import FreightVerification, Health, Occupancy, Promotion, Stage
from promotions.phases import TERMINAL, Phase


def record_ended(stage: Stage, *, now: datetime) -> list[Promotion]:
    """Take note of every promotion that ended since the last time, oldest first; returns them. In a transaction."""
    ended = list(stage.promotions.filter(phase__in=TERMINAL, recorded_at__isnull=True).order_by("number"))
    for promotion in ended:
        stage.last_promotion = promotion
        if stage.current_promotion_id == promotion.pk:
            stage.current_promotion = None
        apply_intent(stage, promotion, now=now)
        if promotion.phase == Phase.SUCCEEDED:
            _occupy(stage, promotion, since=promotion.finished_at or now)
        promotion.recorded_at = now
        promotion.save(update_fields=["recorded_at"])
    if ended:
        stage.health, stage.health_issues = assess_health(stage), []
        stage.health_due_at = now if _has_checks(stage) else None
        stage.save(update_fields=["last_promotion", "current_promotion", "health", "health_issues", "health_due_at"])
        if stage.health_due_at is not None:
            wake("promotions.assess_health", stage.pk)
    return ended


def assess_health(stage: Stage) -> str:
    """Health by the last promotion, before any check is run: not known yet (empty) when there are some to run.

    Healthy after a success without checks, Unknown after anything but a success.
    """
    last = stage.last_promotion
    if last is None or _has_checks(stage):
        return ""
    return Health.HEALTHY if last.phase == Phase.SUCCEEDED else Health.UNKNOWN


def _has_checks(stage: Stage) -> bool:
    last = stage.last_promotion
    return last is not None and last.phase == Phase.SUCCEEDED and bool(last.health_checks)


def _occupy(stage: Stage, promotion: Promotion, *, since: datetime) -> None:
    """Open a stay for each freight of the collection and close those of freight that left."""
    held = {reference["name"]: origin for origin, reference in promotion.collection.items()}
    freight_by_name = {f.name: f for f in Freight.objects.filter(project=stage.project, name__in=held)}
    for stay in stage.occupancies.filter(until__isnull=True).select_related("freight"):
        if held.get(stay.freight.name) == stay.origin:
            freight_by_name.pop(stay.freight.name, None)
        else:
            _leave(stay, at=max(since, stay.since))
    for name, freight in freight_by_name.items():
        Occupancy.objects.create(stage=stage, origin=held[name], freight=freight, promotion=promotion, since=since)


def _leave(stay: Occupancy, *, at: datetime) -> None:
    stay.until = at
    stay.save(update_fields=["until"])
    marks = FreightVerification.objects.filter(stage_id=stay.stage_id, freight_id=stay.freight_id)
    for mark in marks:
        mark.longest_soak = max(mark.longest_soak or timedelta(0), at - stay.since)
        mark.save(update_fields=["longest_soak"])


def mark_verified(stage: Stage, freight_list: list[Freight], *, at: datetime) -> int:
    """Mark freight as verified in the stage; the first time counts. Returns how many are new."""
    known = set(
        FreightVerification.objects.filter(stage=stage, freight__in=freight_list).values_list("freight", flat=True)
    )
    new = [f for f in freight_list if f.pk not in known]
    FreightVerification.objects.bulk_create(
        (FreightVerification(stage=stage, freight=f, verified_at=at) for f in new), ignore_conflicts=True
    )
    return len(new)
