"""Subscription rows follow the warehouse's spec: one row for each entry, at its position."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from freight.models import Subscription, Warehouse


def sync_rows(warehouse: Warehouse) -> list[Subscription]:
    """Make the rows fit the spec and return them in its order.

    What was found stays with a row until its repository is another one.
    """
    listed = [_describe(item) for item in warehouse.spec["subscriptions"]]
    with transaction.atomic():
        warehouse.subscriptions.filter(position__gte=len(listed)).delete()
        present = {row.position: row for row in warehouse.subscriptions.all()}
        return [_fit(warehouse, position, wanted, present.get(position)) for position, wanted in enumerate(listed)]


def _describe(item: Mapping[str, Any]) -> dict[str, str]:
    kind = next(key for key, value in item.items() if key != "name" and value is not None)
    return {"kind": kind, "name": item.get("name") or "", "repo_url": item[kind]["repoURL"]}


def _fit(warehouse: Warehouse, position: int, wanted: dict[str, str], row: Subscription | None) -> Subscription:
    if row is None:
        return Subscription.objects.create(warehouse=warehouse, position=position, **wanted)
    changed = {name for name, value in wanted.items() if getattr(row, name) != value}
    if changed & {"kind", "repo_url"}:
        row.found, row.ignored, row.observed, row.error = [], [], {}, ""
    if changed:
        for name, value in wanted.items():
            setattr(row, name, value)
        row.save()
    return row
