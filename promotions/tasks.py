"""Celery tasks: take an id, make one pass. The tick is the safety net that finds what no wake-up told of."""

from celery import current_app, shared_task
from django.utils import timezone

from projects import lanes
from projects.heartbeats import beat
from projects.leases import list_due
from projects.notices import forget_old
from promotions import engine, reconciler
from promotions.models import Promotion, Stage

_HANDED_PER_TICK = 200


@shared_task(name="promotions.run_pass")
def run_pass(promotion_id: int) -> None:
    """One pass over one promotion."""
    lanes.passes.run(_run_pass, promotion_id)


def _run_pass(promotion_id: int) -> None:
    engine.run_pass(promotion_id, site=engine.read_site())


@shared_task(name="promotions.reconcile_stage")
def reconcile_stage(stage_id: int) -> None:
    """One pass over one stage."""
    reconciler.reconcile_stage(stage_id, site=engine.read_site())


@shared_task(name="promotions.tick")
def tick() -> None:
    """Each second: hand due promotions and stages to workers."""
    now = timezone.now()
    beat("worker", now=now)
    forget_old(now=now)
    reconciler.take_up_freight(now=now)
    for model, task in ((Promotion, "promotions.run_pass"), (Stage, "promotions.reconcile_stage")):
        for pk in list_due(model, now).order_by("due_at").values_list("pk", flat=True)[:_HANDED_PER_TICK]:
            current_app.send_task(task, args=[pk], retry=False, expires=30)


@shared_task(name="promotions.sweep")
def sweep() -> None:
    """Now and then: remove work trees that a killed worker left behind."""
    engine.sweep(engine.read_site().work_dir)
