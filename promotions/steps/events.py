"""How a step records an event: see record-audit-event."""

from collections.abc import Mapping
from typing import Protocol


class EventAccess(Protocol):
    """The audit log and the events of the project."""

    def record(self, alias: str, message: str, *, action: str, actor: str, data: Mapping[str, str]) -> bool:
        """Once for this promotion and the step of this alias; False: it is there. An empty actor: who asked."""
        ...
