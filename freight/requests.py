"""What people ask of warehouses and freight: look again, assemble, rename, delete.

Source: Kargo docs "Working with Freight"; API `refresh`, `alias`, Freight webhook.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import RestrictedError
from django.utils import timezone

from freight.assembly import create_freight, propose_artifacts
from freight.errors import ArtifactsDoNotFit, FreightInUse
from freight.models import Freight, Warehouse
from freight.proposals import explain_unjoined, items_of
from freight.subscriptions.base import ArtifactDraft
from projects.actors import Actor
from projects.audit import record
from projects.errors import DomainError
from projects.notices import announce
from projects.wakeup import wake

CHECK_TASK = "freight.check_warehouse"
# A label value of Kubernetes: Kargo mirrors the alias in a label.
_ALIAS = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_LOOKS_LIKE_NAME = re.compile(r"[0-9a-f]{40}")


def request_refresh(actor: Actor, warehouse: Warehouse, *, now: datetime) -> None:
    """Have the warehouse checked at once; one being checked is checked again afterwards."""
    with transaction.atomic():
        Warehouse.objects.filter(pk=warehouse.pk).update(refresh_requested_at=now, due_at=now)
        if not actor.is_controller:
            record(
                actor,
                "refreshed",
                project=warehouse.project,
                target_kind="Warehouse",
                target_name=warehouse.name,
                at=now,
            )
        announce(warehouse.project, f"warehouse:{warehouse.name}", now=now)
        wake(CHECK_TASK, warehouse.pk)


def assemble_freight(
    actor: Actor,
    warehouse: Warehouse,
    picks: Mapping[int, str],
    *,
    now: datetime,
    alias: str = "",
    also: Sequence[ArtifactDraft] = (),
) -> tuple[Freight, bool]:
    """Make freight of chosen versions: position of a subscription -> `version_id` (the best one if left out).

    `also` may be picked though it is not found any more. Raises DomainError when a version is no longer listed or the
    alias is taken, ArtifactsDoNotFit when the warehouse's join rule says that they do not belong together.
    """
    if alias:
        _check_alias(alias)
    rows = list(warehouse.subscriptions.order_by("position"))
    artifacts = propose_artifacts(warehouse, rows, picks=picks, also=also)
    if unjoined := explain_unjoined(warehouse, items_of(warehouse, rows, artifacts)):
        raise ArtifactsDoNotFit(unjoined)
    return create_freight(warehouse, artifacts, actor=actor, now=now, alias=alias)


def rename_alias(actor: Actor, freight: Freight, alias: str, *, now: datetime | None = None) -> None:
    """Give freight another alias. Raises DomainError when it is malformed or taken in the project."""
    alias = alias.strip()
    _check_alias(alias)
    if alias == freight.alias:
        return
    try:
        with transaction.atomic():
            moved = Freight.objects.filter(pk=freight.pk, alias=freight.alias).update(alias=alias)
            if moved != 1:
                raise DomainError(f'Freight "{freight.alias}" was renamed or deleted meanwhile. Reload the page.')
            record(
                actor,
                "renamed",
                project=freight.project,
                target_kind="Freight",
                target_name=alias,
                facts={"name": freight.name, "from": freight.alias, "to": alias},
                at=now,
            )
            announce(freight.project, "freight", now=now or timezone.now())
    except IntegrityError as error:
        holder = Freight.objects.filter(project=freight.project, alias=alias).first()
        if holder is None:
            raise
        raise DomainError(
            f'The alias "{alias}" belongs to freight {holder.name[:7]} of Warehouse "{holder.warehouse_name}" '
            f'in project "{freight.project.name}". Choose another one.'
        ) from error
    freight.alias = alias


def delete_freight(actor: Actor, freight: Freight, *, now: datetime) -> None:
    """Delete freight. Raises FreightInUse while a stage holds it, or remembers having held it."""
    project, name, alias = freight.project, freight.name, freight.alias
    try:
        with transaction.atomic():
            freight.delete()
            record(
                actor,
                "deleted",
                project=project,
                target_kind="Freight",
                target_name=alias,
                facts={"name": name},
                at=now,
            )
            announce(project, "freight", now=now)
    except RestrictedError as error:
        raise FreightInUse(
            f'Freight "{alias}" cannot be deleted: it is, or was, in a stage, and that record is kept. '
            "Delete the stage first, or leave the freight alone."
        ) from error


def _check_alias(alias: str) -> None:
    if not _ALIAS.fullmatch(alias):
        raise DomainError(
            f'"{alias}" cannot be an alias: use 1 to 63 letters, digits, hyphens, dots and underscores, beginning '
            "and ending with a letter or digit."
        )
    if _LOOKS_LIKE_NAME.fullmatch(alias):
        raise DomainError(f'"{alias}" cannot be an alias: it looks like the id of freight.')
