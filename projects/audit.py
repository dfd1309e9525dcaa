"""Writes the audit log: `record` is called inside the transaction that did the deed."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from projects.actors import Actor
from projects.models import AuditEntry, Project


def record(
    actor: Actor,
    action: str,
    *,
    project: Project | None,
    target_kind: str,
    target_name: str,
    facts: dict[str, Any] | None = None,
    reason: str = "",
    at: datetime | None = None,
) -> AuditEntry:
    """Add one entry. `action` is a past-tense verb (`promoted`); `facts` never hold a secret."""
    return AuditEntry.objects.create(
        project=project,
        project_name=project.name if project else "",
        actor_id=actor.user_id,
        actor_name=actor.name,
        action=action,
        target_kind=target_kind,
        target_name=target_name,
        facts=facts or {},
        reason=reason,
        ip_address=actor.ip_address,
        request_id=actor.request_id,
        at=at or timezone.now(),
    )
