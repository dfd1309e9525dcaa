"""The answer of every selection: what was taken, best first, and why each other version was left out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

Version = TypeVar("Version")


@dataclass(frozen=True)
class Selection(Generic[Version]):
    """`taken` is ordered best first; `ignored` holds (version, reason) in the order they were seen."""

    taken: tuple[Version, ...] = ()
    ignored: tuple[tuple[Version, str], ...] = ()

    def cut(self, limit: int) -> "Selection[Version]":
        """Keep the first `limit` versions; the rest is ignored with the limit as its reason."""
        reason = f"older or lower than the first {limit} (discovery limit)"
        rest = tuple((version, reason) for version in self.taken[limit:])
        return Selection(self.taken[:limit], self.ignored + rest)

    def reject(self, explain: Callable[[Version], str | None]) -> "Selection[Version]":
        """Move each taken version for which `explain` gives a reason to the ignored ones."""
        judged = [(version, explain(version)) for version in self.taken]
        return Selection(
            taken=tuple(version for version, reason in judged if reason is None),
            ignored=self.ignored + tuple((version, reason) for version, reason in judged if reason is not None),
        )
