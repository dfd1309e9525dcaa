"""The freight that a promotion is about, for steps that keep something with it (the number of an issue)."""

from dataclasses import dataclass
from typing import Any, Literal, Protocol


class Metadata(Protocol):
    """Where metadata of freight is kept."""

    def merge(self, kind: Literal["Stage", "Freight"], name: str, values: dict[str, Any]) -> None:
        """Upsert keys. Raises LookupError when there is no such thing."""
        ...


@dataclass(frozen=True, slots=True)
class TargetFreight:
    """Metadata of one piece of freight."""

    metadata: Metadata
    name: str

    def remember(self, values: dict[str, Any]) -> None:
        """Upsert keys. Raises LookupError when the freight was deleted meanwhile."""
        self.metadata.merge("Freight", self.name, values)
