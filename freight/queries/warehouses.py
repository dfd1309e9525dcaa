"""The list of a project's warehouses and the page of one: what do you see, and why is there no new freight?"""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from freight.assembly import draft_of
from freight.joins import JOIN_ANNOTATION, QUIET_ANNOTATION, Waiting
from freight.models import Freight, Warehouse
from freight.queries.origins import assign_letters, letter_of, read_letters
from freight.queries.subscription import SubscriptionView, describe_subscription
from freight.queries.warehouse_card import WarehouseCard, describe_card
from projects.errors import ObjectNotFound
from projects.models import Project

_FREIGHT = 5


@dataclass(frozen=True, slots=True)
class WarehouseRow:
    """One line of the list. `newest` is the alias of its newest freight."""

    card: WarehouseCard
    freight_count: int
    newest: str
    newest_at: datetime | None


@dataclass(frozen=True, slots=True)
class WarehouseView:
    """The page of one warehouse. `policy` is Automatic or Manual; `failures` counts failed checks in a row.

    `proposed`: alias of the freight that the last check would have made, had it not been there already.
    """

    card: WarehouseCard
    interval: str
    policy: str
    criteria: str
    failures: int
    subscriptions: tuple[SubscriptionView, ...]
    waiting: tuple[Waiting, ...]
    proposed: str
    join_rule: tuple[tuple[str, str], ...]
    freight: tuple[tuple[str, datetime], ...]
    source: str


def list_warehouses(project: Project) -> list[WarehouseRow]:
    """Every warehouse by name, in four queries at any size."""
    rows = list(project.warehouses.prefetch_related("subscriptions").annotate(freight_count=Count("freight")))
    letters = assign_letters(row.name for row in rows)
    newest: dict[str, tuple[str, datetime]] = {}
    names = [row.last_freight_name for row in rows if row.last_freight_name]
    for freight in Freight.objects.filter(project=project, name__in=names):
        newest[freight.warehouse_name] = freight.alias, freight.discovered_at
    return [
        WarehouseRow(
            card=describe_card(row, letters[row.name]),
            freight_count=row.freight_count,
            newest=newest[row.name][0] if row.name in newest else "",
            newest_at=newest[row.name][1] if row.name in newest else None,
        )
        for row in rows
    ]


def get_warehouse(project: Project, name: str) -> Warehouse:
    """One warehouse with its subscriptions. Raises ObjectNotFound."""
    rows = Warehouse.objects.filter(project=project, name=name).select_related("project")
    warehouse = rows.prefetch_related("subscriptions").first()
    if warehouse is None:
        raise ObjectNotFound(f'There is no warehouse "{name}" in project "{project.name}".')
    return warehouse


def read_card(warehouse: Warehouse) -> WarehouseCard:
    """The card of one warehouse, with its letter."""
    return describe_card(warehouse, letter_of(read_letters(warehouse.project), warehouse.name))


def read_warehouse(warehouse: Warehouse) -> WarehouseView:
    """All that the page shows."""
    spec = warehouse.spec
    newest = warehouse.freight.values_list("alias", "discovered_at")[:_FREIGHT]
    taken, listed = _read_versions_of_newest(warehouse), spec["subscriptions"]
    annotations = warehouse.annotations
    return WarehouseView(
        card=read_card(warehouse),
        interval=spec.get("interval") or "5m0s",
        policy=spec.get("freightCreationPolicy") or "Automatic",
        criteria=(spec.get("freightCreationCriteria") or {}).get("expression") or "",
        failures=warehouse.failures,
        subscriptions=tuple(
            describe_subscription(
                row, listed[row.position] if row.position < len(listed) else {}, taken.get(row.position, {})
            )
            for row in warehouse.subscriptions.all()
        ),
        waiting=_read_waiting(warehouse),
        proposed=next((alias for versions in taken.values() for alias in versions.values()), ""),
        join_rule=tuple((key, annotations[key]) for key in (JOIN_ANNOTATION, QUIET_ANNOTATION) if key in annotations),
        freight=tuple(newest),
        source=warehouse.source,
    )


def _read_versions_of_newest(warehouse: Warehouse) -> dict[int, dict[str, str]]:
    """Per place of a subscription: version id -> alias, of the newest freight."""
    freight = Freight.objects.filter(project=warehouse.project, name=warehouse.last_freight_name)
    newest = freight.prefetch_related("artifacts").first() if warehouse.last_freight_name else None
    if newest is None:
        return {}
    ids = {draft_of(artifact).version_id: newest.alias for artifact in newest.artifacts.all()}
    return {row.position: ids for row in warehouse.subscriptions.all()}


def _read_waiting(warehouse: Warehouse) -> tuple[Waiting, ...]:
    return tuple(Waiting(one["kind"], one["repo_url"], one["text"]) for one in warehouse.waiting)
