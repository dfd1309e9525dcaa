"""Records what record-audit-event says: one audit entry and one event a promotion and step, however often it runs.

A template cannot speak as somebody: the entry's object is the step, and an actor it names is marked as named by it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from projects import audit
from projects.actors import Actor
from projects.events import record_event
from promotions.engine.masking import Masker
from promotions.models import Promotion, StepEvent
from promotions.steps.base import PassBroken

_KIND = "AuditEventRecorded"
_CONTROLLER = "controller:promotion-controller"


class StepEvents:
    """Events of the steps of one promotion."""

    def __init__(self, promotion: Promotion, masker: Masker) -> None:
        self._promotion, self._masker = promotion, masker

    def record(self, alias: str, message: str, *, action: str, actor: str, data: Mapping[str, str]) -> bool:
        """Once for this promotion and the step of this alias; False: it is there. An empty actor: who asked."""
        now = timezone.now()
        try:
            with transaction.atomic():
                _, is_new = StepEvent.objects.get_or_create(
                    promotion=self._promotion, alias=alias, defaults={"at": now}
                )
                if is_new:
                    shown = self._masker.value({"message": message, "type": action, "data": dict(data)})
                    self._write(alias, shown, self._masker.text(actor), now)
        except (InterfaceError, OperationalError) as error:
            raise PassBroken from error
        return is_new

    def _write(self, alias: str, shown: dict[str, Any], actor: str, now: datetime) -> None:
        promotion = self._promotion
        where = f"#{promotion.number} {alias}"
        audit.record(
            self._actor(actor),
            # A mask may be longer than what it hides.
            shown["type"][:64],
            project=promotion.project,
            target_kind="step",
            target_name=where[:300],
            facts={"promotion": promotion.number, "stage": promotion.stage_name, **shown["data"]},
            reason=shown["message"],
            at=now,
        )
        record_event(
            promotion.project,
            _KIND,
            message=shown["message"],
            actor_label=(actor or promotion.actor_label or _CONTROLLER)[:300],
            target_kind="promotion",
            target_name=f"#{promotion.number}",
            data={
                "type": shown["type"],
                "step": alias,
                "stageName": promotion.stage_name,
                "name": promotion.name,
                "data": shown["data"],
            },
            now=now,
        )

    def _actor(self, named: str) -> Actor:
        promotion = self._promotion
        if named:
            return Actor(label=named, name=f"{named[:180]} (named by promotion #{promotion.number})")
        return Actor(promotion.actor_label or _CONTROLLER, promotion.actor_name, promotion.actor_id)
