"""Whose turn it is in a stage: one promotion at a time, the first in the queue first, and verification goes before.

Source: Kargo code, stage controller (promotion queue); promotions of a stage wait for its verification.
"""

from datetime import datetime

from django.db.models.functions import Coalesce

from projects.notices import announce
from projects.wakeup import wake
from promotions.models import Health, Promotion, Stage, Verification
from promotions.phases import LIVE, VERIFICATION_ENDED, Phase


def list_waiting(stage: Stage) -> list[Promotion]:
    """Promotions of the stage that wait for their turn, the next first."""
    waiting = stage.promotions.filter(phase=Phase.PENDING)
    return list(waiting.order_by(Coalesce("queue_place", "number"), "number"))


def find_collection_promotion(stage: Stage) -> Promotion | None:
    """The promotion that made what the stage holds now; None when it holds nothing."""
    ended = stage.promotions.filter(phase=Phase.SUCCEEDED, recorded_at__isnull=False)
    return ended.order_by("-recorded_at", "-number").first()


def is_free(stage: Stage) -> bool:
    """May the next promotion start? Not while one runs, nor while what is there waits for its verification."""
    current = stage.current_promotion
    if current is not None and (current.phase in LIVE or current.recorded_at is None):
        return False
    held = find_collection_promotion(stage)
    if held is None:
        return True
    newest = Verification.objects.filter(promotion=held).first()
    if newest is not None and newest.phase not in VERIFICATION_ENDED:
        return False
    # A stage that is not healthy does not wait: the next promotion may be the repair.
    return newest is not None or stage.health not in ("", Health.HEALTHY)


def advance(stage: Stage, *, now: datetime) -> Promotion | None:
    """Give the turn to the next promotion, if there is one and the stage is free; returns it."""
    waiting = list_waiting(stage)
    if not waiting or not is_free(stage):
        return None
    chosen = waiting[0]
    taken = Stage.objects.filter(pk=stage.pk, current_promotion_id=stage.current_promotion_id)
    if not taken.update(current_promotion=chosen):
        return None
    stage.current_promotion = chosen
    Promotion.objects.filter(pk=chosen.pk).update(due_at=now)
    announce(stage.project, f"stage:{stage.name}", now=now)
    wake("promotions.run_pass", chosen.pk)
    return chosen
