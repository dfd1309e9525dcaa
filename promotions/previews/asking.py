"""What people ask for: a preview, and a look at whether an old one still holds."""

import hashlib
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from ulid import ULID

from freight.models import Freight
from projects.access import Action, Rights
from projects.actors import Actor
from projects.wakeup import wake
from promotions.errors import PromotionRefused
from promotions.models import Preview, PreviewPhase, Stage
from promotions.requests import promotion_name

TASK = "promotions.run_preview"

# An id of 16 bytes, of which the first six are the time.
_ID_BYTES, _TIME_BYTES = 16, 6
_CHECK_HOLDS = timedelta(seconds=15)
_LIVE = (PreviewPhase.PENDING, PreviewPhase.RUNNING)


def find_refusal(rights: Rights, stage_name: str) -> str:
    """Why the person may not ask for a preview in this stage; empty when they may.

    It uses the credentials of the project, so seeing the project is not enough: whoever may promote to the stage or
    vote on its promotions may ask. The result may be seen by all who see the project.
    """
    if rights.allows(Action.VOTE, stage_name):
        return ""
    return rights.refusal(Action.PROMOTE, stage_name)


def request_preview(actor: Actor, stage: Stage, freight: Freight, *, now: datetime) -> Preview:
    """Have a worker make a preview; one that is being made for the same stage and freight is given back.

    Whether the freight may enter the stage now does not matter. Raises PromotionRefused when it never could.
    """
    if stage.is_control_flow:
        raise PromotionRefused(f'Stage "{stage.name}" runs no steps: there is nothing to preview.')
    if freight.project_id != stage.project_id or freight.origin not in stage.origins:
        raise PromotionRefused(f'Stage "{stage.name}" does not take freight of warehouse "{freight.warehouse_name}".')
    known = _find_live(stage, freight)
    if known is not None:
        return known
    try:
        with transaction.atomic():
            preview = Preview.objects.create(
                project=stage.project,
                stage=stage,
                stage_name=stage.name,
                stage_generation=stage.generation,
                freight=freight,
                freight_name=freight.name,
                freight_alias=freight.alias,
                name=_name(stage, freight),
                requested_by=actor.name,
                actor_label="" if actor.is_controller else actor.label,
                created_at=now,
                due_at=now,
            )
            wake(TASK, preview.pk)
    except IntegrityError:
        known = _find_live(stage, freight)
        if known is None:
            raise
        return known
    return preview


def request_check(preview: Preview, *, now: datetime) -> bool:
    """Have a worker compare its bases with the git hosts, unless that was done seconds ago. True when it will be."""
    stale = Q(checked_at__isnull=True) | Q(checked_at__lt=now - _CHECK_HOLDS)
    rows = Preview.objects.filter(stale, pk=preview.pk, due_at__isnull=True, lease_until__isnull=True)
    with transaction.atomic():
        if not preview.bases or not rows.exclude(phase__in=_LIVE).update(due_at=now):
            return False
        preview.due_at = now
        wake(TASK, preview.pk)
    return True


def request_newest_check(stage: Stage, freight: Freight, *, now: datetime) -> None:
    """As `request_check`, for the newest preview of this freight in this stage, if there is one."""
    newest = Preview.objects.filter(stage=stage, freight=freight).first()
    if newest is not None:
        request_check(newest, now=now)


def _name(stage: Stage, freight: Freight) -> str:
    """A promotion's name that tells no time: two previews of the same make the same files and messages of it."""
    stage_part, _, freight_part = promotion_name(stage.name, freight.name).rsplit(".", 2)
    seed = hashlib.sha256(f"{stage.project_id}/{stage.pk}/{freight.pk}".encode()).digest()
    ulid = ULID(bytes(_TIME_BYTES) + seed[: _ID_BYTES - _TIME_BYTES])
    return f"{stage_part}.{ulid}.{freight_part}".lower()


def _find_live(stage: Stage, freight: Freight) -> Preview | None:
    rows = Preview.objects.filter(stage=stage, freight=freight, stage_generation=stage.generation, phase__in=_LIVE)
    return rows.first()
