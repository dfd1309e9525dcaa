"""Celery tasks of freight: claim by id, one domain call."""

from celery import current_app, shared_task
from django.utils import timezone

from freight import discovery, rule_trials
from freight.known_images import forget_unused_images
from freight.models import RuleTrial
from freight.requests import CHECK_TASK
from freight.rule_trials import TRIAL_TASK
from freight.surroundings import list_hosts
from projects import lanes
from projects.leases import list_due


@shared_task(name="freight.tick")
def tick() -> None:
    """Hand due warehouses to workers."""
    now = timezone.now()
    for pk in list_due(RuleTrial, now).values_list("pk", flat=True)[: discovery.HANDED_PER_TICK]:
        current_app.send_task(TRIAL_TASK, args=[pk], retry=False, ignore_result=True, expires=30)
    for pk in discovery.list_due_warehouses(now=now):
        # Sent again each second as long as the row waits, so what no worker has time for has to go.
        current_app.send_task(CHECK_TASK, args=[pk], retry=False, ignore_result=True, expires=30)


@shared_task(name=CHECK_TASK)
def check_warehouse(warehouse_id: int) -> None:
    """Look once at everything one warehouse watches."""
    if not lanes.looks.is_waiting(discovery.check_warehouse, warehouse_id):
        lanes.looks.run(discovery.check_warehouse, warehouse_id, keys=list_hosts(warehouse_id))


@shared_task(name=TRIAL_TASK)
def run_rule_trial(trial_id: int) -> None:
    """Look once by a rule that somebody tries."""
    lanes.looks.run(rule_trials.run_trial, trial_id)


@shared_task(name="freight.sweep")
def sweep() -> None:
    """Now and then: forget old trials, and images that nobody asks for any more."""
    rule_trials.forget_old_trials(now=timezone.now())
    forget_unused_images(now=timezone.now())
