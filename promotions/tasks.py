"""Celery tasks: take an id, make one pass. The tick is the safety net that finds what no wake-up told of."""

from celery import current_app, shared_task
from django.conf import settings
from django.utils import timezone

from freight.retention import Policy
from projects import lanes
from projects.heartbeats import beat
from projects.leases import list_due
from projects.models import LeasedRow
from projects.notices import forget_old
from promotions import engine, health, news, previews, reconciler, retention
from promotions.models import Preview, Promotion, Stage

_HANDED_PER_TICK = 200
# Rows that are work, and the task that does it.
_WORK: tuple[tuple[type[LeasedRow], str], ...] = (
    (Promotion, "promotions.run_pass"),
    (Stage, "promotions.reconcile_stage"),
    (Preview, "promotions.run_preview"),
)


@shared_task(name="promotions.run_pass")
def run_pass(promotion_id: int) -> None:
    """One pass over one promotion."""
    lanes.passes.run(_run_pass, promotion_id)


def _run_pass(promotion_id: int) -> None:
    engine.run_pass(promotion_id, site=engine.read_site())


@shared_task(name="promotions.run_preview")
def run_preview(preview_id: int) -> None:
    """Make one preview, or look whether it still holds."""
    lanes.passes.run(_run_preview, preview_id)


def _run_preview(preview_id: int) -> None:
    previews.run_preview(preview_id, site=engine.read_site())


@shared_task(name="promotions.reconcile_stage")
def reconcile_stage(stage_id: int) -> None:
    """One pass over one stage."""
    reconciler.reconcile_stage(stage_id, site=engine.read_site())


@shared_task(name="promotions.assess_health")
def assess_health(stage_id: int) -> None:
    """Run the health checks of one stage."""
    lanes.health.run(_assess_health, stage_id)


def _assess_health(stage_id: int) -> None:
    health.assess_stage(stage_id, site=engine.read_site())


@shared_task(name="promotions.tick")
def tick() -> None:
    """Each second: hand due promotions and stages to workers."""
    now = timezone.now()
    beat("worker", now=now)
    forget_old(now=now)
    reconciler.take_up_freight(now=now)
    news.take_up_news(now=now)
    for model, task in _WORK:
        for pk in list_due(model, now).order_by("due_at").values_list("pk", flat=True)[:_HANDED_PER_TICK]:
            current_app.send_task(task, args=[pk], retry=False, expires=30)
    for pk in health.list_due(now)[:_HANDED_PER_TICK]:
        current_app.send_task("promotions.assess_health", args=[pk], retry=False, expires=30)


@shared_task(name="promotions.sweep")
def sweep() -> None:
    """Now and then: remove work trees that a killed worker left behind, old previews and old freight."""
    site, now = engine.read_site(), timezone.now()
    engine.sweep(site.work_dir, kept=site.work_trees_kept, now=now)
    if site.snapshots is not None:
        engine.sweep_snapshots(site.work_dir, store=site.snapshots, kept=site.work_trees_kept, now=now)
    previews.sweep(site, now=now)
    retention.sweep(Policy(settings.FREIGHT_KEEP, settings.FREIGHT_KEEP_FOR), now=now)
