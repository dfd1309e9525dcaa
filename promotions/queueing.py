"""The order in which promotions wait for a stage, and what a newer one does to older ones.

Annotation `kargoweb.dev/queue` of the stage: `all` (every promotion runs, Kargo's way, the default) or `newest`
(a newer promotion of the same origin takes the place of those that still wait).
"""

from datetime import datetime

from django.db import transaction
from django.db.models import F

from projects import audit
from projects.actors import Actor
from projects.locks import lock_projects
from projects.notices import announce
from promotions.engine import list_waiting
from promotions.errors import PromotionRefused
from promotions.events import record_promotion_event
from promotions.models import Promotion, Stage
from promotions.moves import move
from promotions.phases import Phase

QUEUE_ANNOTATION = "kargoweb.dev/queue"
QUEUE_POLICIES = ("all", "newest")


def supersede_older(stage: Stage, newer: Promotion, *, now: datetime) -> list[Promotion]:
    """End what still waits of the same origin, where the stage only wants the newest. Under the project's lock.

    A promotion that has its turn already goes on.
    """
    if stage.annotations.get(QUEUE_ANNOTATION) != "newest":
        return []
    older = [
        waiting
        for waiting in list_waiting(stage)
        if waiting.origin == newer.origin
        and waiting.number < newer.number
        and waiting.pk != stage.current_promotion_id
    ]
    return [promotion for promotion in older if _supersede(stage, promotion, newer, now=now)]


def move_in_queue(actor: Actor, promotion: Promotion, *, place: int, now: datetime) -> None:
    """Give a waiting promotion another place in its stage's queue: 1 is next. Raises PromotionRefused.

    A place beyond the end is the end.
    """
    stage = promotion.stage
    if stage is None:
        raise PromotionRefused(f"Stage {promotion.stage_name!r} was deleted, and its queue with it.")
    with transaction.atomic():
        lock_projects([stage.project_id])
        stage.refresh_from_db(fields=["current_promotion"])
        waiting = [row for row in list_waiting(stage) if row.pk != stage.current_promotion_id]
        if promotion.pk not in {row.pk for row in waiting}:
            raise PromotionRefused(f"Promotion #{promotion.number} does not wait any more.")
        keys = [row.queue_place or row.number for row in waiting]
        moved = next(row for row in waiting if row.pk == promotion.pk)
        waiting.remove(moved)
        index = min(max(place, 1), len(keys)) - 1
        waiting.insert(index, moved)
        for row, key in zip(waiting, keys, strict=True):
            Promotion.objects.filter(pk=row.pk).update(queue_place=key, version=F("version") + 1)
        audit.record(
            actor,
            "moved in the queue",
            project=stage.project,
            target_kind="promotion",
            target_name=f"#{promotion.number}",
            facts={"stage": stage.name, "place": index + 1},
            at=now,
        )
        announce(stage.project, f"stage:{stage.name}", now=now)


def _supersede(stage: Stage, promotion: Promotion, newer: Promotion, *, now: datetime) -> bool:
    message = f"superseded by #{newer.number}"
    rows = Promotion.objects.filter(pk=promotion.pk)
    if not move(rows, source=Phase.PENDING, target=Phase.ABORTED, message=message, finished_at=now):
        return False
    promotion.phase = Phase.ABORTED
    record_promotion_event(promotion, "Aborted", message=f"Promotion Aborted: {message}", now=now)
    # The stage takes note of the end in its next pass.
    Stage.objects.filter(pk=stage.pk).update(due_at=now)
    announce(promotion.project, f"promotion:{promotion.number}", now=now)
    return True
