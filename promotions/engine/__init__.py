"""Runs promotions: queue, passes, log, work tree. Others use the names below and nothing behind them.

How one try of a step is judged is pure, and `kargoweb step run` uses it without a database; so the names that need
one are loaded when they are first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from promotions.engine.outcomes import Limits, judge

if TYPE_CHECKING:
    from promotions.engine.passes import run_pass
    from promotions.engine.queue import advance, find_collection_promotion, list_waiting
    from promotions.engine.site import Site, read_site
    from promotions.engine.workspace import remove_workspace, sweep

__all__ = [
    "Limits",
    "Site",
    "advance",
    "find_collection_promotion",
    "judge",
    "list_waiting",
    "read_site",
    "remove_workspace",
    "run_pass",
    "sweep",
]

_ROOMS = {
    "Site": "site",
    "advance": "queue",
    "find_collection_promotion": "queue",
    "list_waiting": "queue",
    "read_site": "site",
    "remove_workspace": "workspace",
    "run_pass": "passes",
    "sweep": "workspace",
}


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
