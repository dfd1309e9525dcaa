"""Records events, in the transaction that brings them about: audit says who did what; events, what came of it."""

from datetime import datetime
from typing import Any

from projects.models import Event, Project


def record_event(
    project: Project,
    kind: str,
    *,
    message: str,
    actor_label: str,
    target_kind: str,
    target_name: str,
    data: dict[str, Any],
    now: datetime,
) -> None:
    """Add one event. `kind` and the keys of `data` are those of Kargo's event reference; never a secret in them."""
    Event.objects.create(
        project=project,
        kind=kind,
        message=message,
        actor_label=actor_label,
        target_kind=target_kind,
        target_name=target_name,
        data=data,
        at=now,
    )
