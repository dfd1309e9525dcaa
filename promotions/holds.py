"""Holds: what a person chose for a slot of a stage is not undone by auto-promotion.

Source: Kargo code, promotion webhook (intents), stage controller (holds); Kargo docs, auto-promotion holds.
Differs: a hold may also be set and lifted by hand, with a reason and an end.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from freight.models import Freight
from projects import audit
from projects.actors import Actor
from projects.notices import announce
from projects.wakeup import wake
from promotions.errors import PromotionRefused
from promotions.gates import find_candidate, is_auto_promoted
from promotions.models import AutoPromotionHold, HoldEffect, Promotion, Stage
from promotions.phases import TERMINAL, Phase


@dataclass(frozen=True, slots=True)
class EffectiveHold:
    """Why auto-promotion leaves an origin alone: a stored hold, or a promotion on its way that will make one."""

    origin: str
    freight_name: str
    actor_name: str
    since: datetime
    until: datetime | None = None
    reason: str = ""


def has_auto_promotion(stage: Stage) -> bool:
    """Does the project's config have this stage take freight by itself?"""
    config = getattr(stage.project, "config", None)
    if config is None or stage.is_control_flow:
        return False
    return is_auto_promoted(config.spec, stage=stage.name, labels=stage.labels)


def intent_of(actor: Actor, stage: Stage, freight: Freight, *, now: datetime) -> HoldEffect:
    """What this person's choice means for auto-promotion: the candidate resumes it, anything else holds it."""
    if actor.is_controller or not has_auto_promotion(stage):
        return HoldEffect.NONE
    candidate, _ = find_candidate(stage, freight.origin, now=now)
    return HoldEffect.RESUME if candidate == freight else HoldEffect.HOLD


def apply_intent(stage: Stage, promotion: Promotion, *, now: datetime) -> None:
    """Make the intent of an ended promotion last; one that was aborted has none."""
    if promotion.phase == Phase.ABORTED or not promotion.hold_effect:
        return
    if promotion.hold_effect == HoldEffect.RESUME:
        stage.holds.filter(origin=promotion.origin).delete()
        return
    AutoPromotionHold.objects.update_or_create(
        stage=stage,
        origin=promotion.origin,
        defaults={
            "freight_name": promotion.freight_name,
            "promotion": promotion,
            "actor_name": promotion.actor_name,
            "reason": promotion.note,
            "created_at": now,
            "until": None,
        },
    )


def drop_stale(stage: Stage, *, now: datetime) -> None:
    """Remove holds that have ended, and all whose reason is gone: no auto-promotion, origin no longer requested."""
    gone = Q(until__lte=now) | ~Q(origin__in=stage.origins)
    stale = stage.holds.all() if not has_auto_promotion(stage) else stage.holds.filter(gone)
    stale.delete()


def list_effective_holds(stage: Stage, *, now: datetime) -> dict[str, EffectiveHold]:
    """{origin: hold}: those stored, changed by the intents of promotions whose end is not recorded yet."""
    holds = {
        hold.origin: EffectiveHold(
            hold.origin, hold.freight_name, hold.actor_name, hold.created_at, hold.until, hold.reason
        )
        for hold in stage.holds.filter(Q(until__isnull=True) | Q(until__gt=now))
    }
    for promotion in _list_unrecorded(stage):
        if promotion.hold_effect == HoldEffect.RESUME:
            holds.pop(promotion.origin, None)
        else:
            holds[promotion.origin] = EffectiveHold(
                promotion.origin, promotion.freight_name, promotion.actor_name, promotion.created_at
            )
    return holds


def hold_auto_promotion(
    actor: Actor, stage: Stage, origin: str, *, reason: str, until: datetime | None, now: datetime
) -> None:
    """Stop auto-promotion of one origin by hand. Raises PromotionRefused where there is nothing to hold."""
    if origin not in stage.origins:
        raise PromotionRefused(f'Stage "{stage.name}" does not take freight of "{origin}".')
    if not has_auto_promotion(stage):
        raise PromotionRefused(f'Auto-promotion is off for stage "{stage.name}": there is nothing to hold.')
    if until is not None and until <= now:
        raise PromotionRefused("A hold must end in the future, or not at all.")
    with transaction.atomic():
        AutoPromotionHold.objects.update_or_create(
            stage=stage,
            origin=origin,
            defaults={
                "freight_name": "",
                "promotion": None,
                "actor_name": actor.name,
                "reason": reason,
                "created_at": now,
                "until": until,
            },
        )
        _tell(actor, "held auto-promotion", stage, origin, reason=reason, now=now)


def resume_auto_promotion(actor: Actor, stage: Stage, origin: str, *, now: datetime) -> None:
    """Lift the hold of one origin; without one nothing happens."""
    with transaction.atomic():
        removed, _ = stage.holds.filter(origin=origin).delete()
        if removed:
            _tell(actor, "resumed auto-promotion", stage, origin, reason="", now=now)


def _tell(actor: Actor, action: str, stage: Stage, origin: str, *, reason: str, now: datetime) -> None:
    audit.record(
        actor,
        action,
        project=stage.project,
        target_kind="stage",
        target_name=stage.name,
        facts={"origin": origin},
        reason=reason,
        at=now,
    )
    Stage.objects.filter(pk=stage.pk).update(due_at=now)
    announce(stage.project, f"stage:{stage.name}", now=now)
    wake("promotions.reconcile_stage", stage.pk)


def _list_unrecorded(stage: Stage) -> QuerySet[Promotion]:
    with_intent = stage.promotions.exclude(hold_effect=HoldEffect.NONE).exclude(phase=Phase.ABORTED)
    return with_intent.exclude(phase__in=TERMINAL, recorded_at__isnull=False).order_by("number")
