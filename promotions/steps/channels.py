"""Message channels as steps see them: where a message goes, with what its secret holds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

ChannelKind = Literal["MessageChannel", "ClusterMessageChannel"]


@dataclass(frozen=True, slots=True)
class Channel:
    """`spec` as in the manifest, with one of slack, smtp, http; `secret` is empty when it names none."""

    kind: ChannelKind
    name: str
    spec: Mapping[str, Any]
    secret: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __str__(self) -> str:
        return f'{self.kind} "{self.name}"'


class MessageAccess(Protocol):
    """Channels of the project, and those that all projects share."""

    def find(self, kind: ChannelKind, name: str) -> Channel | None:
        """The channel, or None. Raises LookupError when it names a secret that does not exist."""
        ...
