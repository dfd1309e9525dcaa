"""Celery tasks of freight: claim by id, one domain call."""

from celery import shared_task
from django.utils import timezone

from freight import discovery
from projects import lanes


@shared_task(name="freight.tick")
def tick() -> None:
    """Hand due warehouses to workers."""
    discovery.wake_due_warehouses(now=timezone.now())


@shared_task(name="freight.check_warehouse")
def check_warehouse(warehouse_id: int) -> None:
    """Look once at everything one warehouse watches."""
    lanes.passes.run(discovery.check_warehouse, warehouse_id)
