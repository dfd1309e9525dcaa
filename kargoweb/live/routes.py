"""Which paths are streams. The same paths have names in `promotions.urls`, so that pages can link to them."""

import re
from dataclasses import dataclass

_STREAM = re.compile(r"/p/(?P<project>[^/]+)/(?:events|promotions/(?P<promotion>[0-9]{1,9})/log/stream)/?")


@dataclass(frozen=True, slots=True)
class Route:
    """A stream's path, read: the tab's stream of a project, or the log of one promotion."""

    project: str
    promotion: int | None


def find_route(path: str) -> Route | None:
    """The stream this path names, or None for everything that Django answers."""
    match = _STREAM.fullmatch(path)
    if match is None:
        return None
    promotion = match["promotion"]
    return Route(match["project"], int(promotion) if promotion is not None else None)
