"""Celery tasks of freight: claim by id, one domain call."""

from celery import current_app, shared_task
from django.utils import timezone

from freight import discovery
from freight.requests import CHECK_TASK
from projects import lanes


@shared_task(name="freight.tick")
def tick() -> None:
    """Hand due warehouses to workers."""
    for pk in discovery.list_due_warehouses(now=timezone.now()):
        # Sent again each second as long as the row waits, so what no worker has time for has to go.
        current_app.send_task(CHECK_TASK, args=[pk], retry=False, ignore_result=True, expires=30)


@shared_task(name=CHECK_TASK)
def check_warehouse(warehouse_id: int) -> None:
    """Look once at everything one warehouse watches."""
    lanes.passes.run(discovery.check_warehouse, warehouse_id)
