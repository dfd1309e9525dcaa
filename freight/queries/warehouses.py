"""The list of a project's warehouses and the page of one: what do you see, and why is there no new freight?"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count
from django.utils.dateparse import parse_datetime

from freight.models import Freight, Subscription, Warehouse
from freight.queries.origins import assign_letters, letter_of, read_letters
from freight.queries.warehouse_card import WarehouseCard, describe_card
from freight.subscriptions.registry import TYPES
from projects.errors import ObjectNotFound
from projects.models import Project

_FREIGHT = 5
# Keys of a subscription that say nothing about which versions it takes.
_NO_RULES = {"repoURL", "discoveryLimit", "insecureSkipTLSVerify", "cacheByTag", "blobless", "name"}


@dataclass(frozen=True, slots=True)
class WarehouseRow:
    """One line of the list. `newest` is the alias of its newest freight."""

    card: WarehouseCard
    freight_count: int
    newest: str
    newest_at: datetime | None


@dataclass(frozen=True, slots=True)
class FoundVersion:
    """One version that a subscription found. `note` is a commit's subject or an image's digest."""

    version: str
    note: str
    author: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class SubscriptionView:
    """What one subscription saw. `rules`: (key of the manifest, value), `ignored`: (version, reason)."""

    kind: str
    name: str
    repo: str
    rules: tuple[tuple[str, str], ...]
    found: tuple[FoundVersion, ...]
    ignored: tuple[tuple[str, str], ...]
    error: str
    checked_at: datetime | None


@dataclass(frozen=True, slots=True)
class WarehouseView:
    """The page of one warehouse. `policy` is Automatic or Manual; `failures` counts failed checks in a row."""

    card: WarehouseCard
    interval: str
    policy: str
    criteria: str
    failures: int
    subscriptions: tuple[SubscriptionView, ...]
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
    return WarehouseView(
        card=read_card(warehouse),
        interval=spec.get("interval") or "5m0s",
        policy=spec.get("freightCreationPolicy") or "Automatic",
        criteria=(spec.get("freightCreationCriteria") or {}).get("expression") or "",
        failures=warehouse.failures,
        subscriptions=tuple(_describe(warehouse, row) for row in warehouse.subscriptions.all()),
        freight=tuple(newest),
        source=warehouse.source,
    )


def _describe(warehouse: Warehouse, row: Subscription) -> SubscriptionView:
    listed = warehouse.spec["subscriptions"]
    rules = listed[row.position].get(row.kind) or {} if row.position < len(listed) else {}
    return SubscriptionView(
        kind=row.kind,
        name=row.name,
        repo=row.repo_url,
        rules=tuple((key, _as_text(value)) for key, value in rules.items() if _is_telling(key, value)),
        found=tuple(_found(row, rules, item) for item in row.found),
        ignored=tuple((item["version"], item["reason"]) for item in row.ignored),
        error=row.error,
        checked_at=row.checked_at,
    )


def _is_telling(key: str, value: Any) -> bool:
    """Leave out what is not set, and what stands in every manifest because it is the default."""
    return key not in _NO_RULES and value not in (None, "", [], {}) and (key, value) != ("strictSemvers", True)


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _found(row: Subscription, rules: Mapping[str, Any], item: Mapping[str, Any]) -> FoundVersion:
    if row.kind not in TYPES:
        return FoundVersion(str(item.get("version", "")), "", "", None)
    draft = TYPES[row.kind].draft({**rules, "repoURL": row.repo_url}, row.name, item)
    version = draft.tag or draft.version or draft.commit_id
    made_at = str(item.get("creatorDate") or item.get("commitDate") or item.get("createdAt") or "")
    return FoundVersion(version, draft.message or draft.digest, draft.author, parse_datetime(made_at))
