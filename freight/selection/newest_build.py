"""The strategy NewestBuild: last built image first. The caller filters tags before it fetches their dates.

Source: Kargo docs "Working with Warehouses" (NewestBuild).
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from freight.selection.outcome import Selection


class Build(Protocol):
    """Anything with a tag and the time it was built; None when the image does not tell."""

    @property
    def tag(self) -> str: ...

    @property
    def created_at(self) -> datetime | None: ...


AnyBuild = TypeVar("AnyBuild", bound=Build)

_OLDEST = datetime.min.replace(tzinfo=UTC)


def select_newest_builds(builds: Iterable[AnyBuild], *, limit: int) -> Selection[AnyBuild]:
    """The `limit` newest builds; same time: by tag, descending. No date counts as oldest."""
    ordered = sorted(builds, key=lambda build: (build.created_at or _OLDEST, build.tag.encode()), reverse=True)
    return Selection(tuple(ordered)).cut(limit)
