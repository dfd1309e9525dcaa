"""Subscription rows follow the warehouse's spec: one row for each entry, at its position."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from freight.models import Subscription, Warehouse


def sync_rows(warehouse: Warehouse) -> list[Subscription]:
    """Make the rows fit the spec and return them in its order.

    What was found stays with a row until its repository is another one.
    """
    items = warehouse.spec["subscriptions"]
    listed = [_describe(item) for item in items]
    with transaction.atomic():
        warehouse.subscriptions.filter(position__gte=len(listed)).delete()
        present = {row.position: row for row in warehouse.subscriptions.all()}
        rows = [_fit(warehouse, position, wanted, present.get(position)) for position, wanted in enumerate(listed)]
        for row, item in zip(rows, items, strict=True):
            _forget_other_chart(row, item[row.kind])
        return rows


def _describe(item: Mapping[str, Any]) -> dict[str, str]:
    kind = next(key for key, value in item.items() if key != "name" and value is not None)
    return {"kind": kind, "name": item.get("name") or "", "repo_url": item[kind]["repoURL"]}


def _fit(warehouse: Warehouse, position: int, wanted: dict[str, str], row: Subscription | None) -> Subscription:
    if row is None:
        return Subscription.objects.create(warehouse=warehouse, position=position, **wanted)
    changed = {name for name, value in wanted.items() if getattr(row, name) != value}
    if changed & {"kind", "repo_url"}:
        _empty(row)
    if changed:
        for name, value in wanted.items():
            setattr(row, name, value)
        row.save()
    return row


def _forget_other_chart(row: Subscription, rules: Mapping[str, Any]) -> None:
    """One repository holds many charts: what was found of another one is not of this subscription."""
    if row.found and row.kind == "chart" and row.found[0].get("name", "") != (rules.get("name") or ""):
        _empty(row)
        row.save()


def _empty(row: Subscription) -> None:
    row.found, row.ignored, row.ignored_by_rule = [], [], []
    row.observed, row.error, row.paused_until = {}, "", None
