"""Message channels of one project and the shared ones, with their secrets, for the step that sends."""

from typing import Any, Protocol

from django.db import InterfaceError, OperationalError

from projects.models import Project
from promotions.models import MessageChannel
from promotions.steps.base import PassBroken
from promotions.steps.channels import Channel, ChannelKind


class Secrets(Protocol):
    """Reads secrets; whatever is handed out is masked from then on."""

    def secret(self, name: str) -> dict[str, str] | None: ...

    def shared_secret(self, name: str) -> dict[str, str] | None: ...


class ProjectChannels:
    """Channels as a promotion of one project may use them."""

    def __init__(self, project: Project, secrets: Secrets) -> None:
        self._project, self._secrets = project, secrets

    def find(self, kind: ChannelKind, name: str) -> Channel | None:
        """The channel, or None. Raises LookupError when it names a secret that does not exist."""
        owner = self._project if kind == "MessageChannel" else None
        try:
            row = MessageChannel.objects.filter(project=owner, name=name).first()
            return None if row is None else Channel(kind, name, row.spec, self._read_secret(kind, row.spec))
        except (InterfaceError, OperationalError) as error:
            raise PassBroken from error

    def _read_secret(self, kind: ChannelKind, spec: dict[str, Any]) -> dict[str, str]:
        reference = spec.get("secretRef")
        if reference is None:
            return {}
        is_own = kind == "MessageChannel"
        found = (self._secrets.secret if is_own else self._secrets.shared_secret)(reference["name"])
        if found is None:
            where = "of this project" if is_own else "that all projects share"
            raise LookupError(f'generic secret "{reference["name"]}" {where}')
        return found
