"""Which warehouses a notice is about, and what a generic receiver's criteria choose.

Source: Kargo code `pkg/webhook/external/{refresh,list}.go`.
Differs: several matchIndices are joined by AND, where Kargo lets the last one win.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db.models import QuerySet

from freight.models import Warehouse
from freight.receivers.base import Criterion, Push
from freight.receivers.matching import NORMALIZE, concerns, list_subscribed_urls
from projects.models import Project


@dataclass(frozen=True, slots=True)
class Chosen:
    """The warehouses to look again, and those that watch the repository but not what was pushed."""

    concerned: tuple[Warehouse, ...] = ()
    passed_over: tuple[Warehouse, ...] = ()


def choose_warehouses(project: Project | None, push: Push) -> Chosen:
    """Warehouses of a project, or of all, that a push is about."""
    named = {normalize(url) for url in push.repo_urls if url for normalize in NORMALIZE.values()}
    watching = [row for row in _in_scope(project) if list_subscribed_urls(row.spec) & named]
    concerned = tuple(row for row in watching if concerns(row.spec, push))
    return Chosen(concerned, tuple(row for row in watching if row not in concerned))


def select_warehouses(project: Project | None, criterion: Criterion) -> list[Warehouse]:
    """Warehouses of a project, or of all, that one criterion chooses."""
    rows = _in_scope(project)
    if criterion.name is not None:
        rows = rows.filter(name=criterion.name)
    return [row for row in rows if fits(criterion, row.name, row.labels, list_subscribed_urls(row.spec))]


def fits(criterion: Criterion, name: str, labels: Mapping[str, str], urls: Collection[str]) -> bool:
    """Do name, labels and subscribed URLs of an object fit? All parts must."""
    return (
        criterion.name in (None, name)
        and all(labels.get(key) == value for key, value in criterion.labels)
        and all(_meets(labels.get(key), operator, values) for key, operator, values in criterion.label_expressions)
        and all(
            (key == "subscribedURLs" and value in urls) == (operator == "Equals")
            for key, operator, value in criterion.indices
        )
    )


def _meets(label: str | None, operator: str, values: Collection[str]) -> bool:
    """Kubernetes' rules: what has no such label is not in any list."""
    if operator == "Exists":
        return label is not None
    if operator == "DoesNotExist":
        return label is None
    return (label in values) == (operator == "In")


def _in_scope(project: Project | None) -> QuerySet[Warehouse]:
    rows = Warehouse.objects.select_related("project").order_by("project__name", "name")
    return rows if project is None else rows.filter(project=project)
