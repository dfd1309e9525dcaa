"""Runs promotions: queue, passes, log, work tree. Others use the names below and nothing behind them.

How one try of a step is judged is pure, and `kargoweb step run` uses it without a database; so the names that need
one are loaded when they are first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from promotions.engine.outcomes import Limits, StepEnd, Verdict, final_phase, judge

if TYPE_CHECKING:
    from promotions.engine.argocd import ArgoCDConnection
    from promotions.engine.capabilities import ProjectCredentials, load_masker
    from promotions.engine.collections import build_collection, list_requested_origins
    from promotions.engine.masking import Masker
    from promotions.engine.passes import run_pass
    from promotions.engine.people import read_asked
    from promotions.engine.queue import advance, find_collection_promotion, list_waiting
    from promotions.engine.site import USER_AGENT, Site, read_site
    from promotions.engine.snapshots import forget_snapshots, sweep_snapshots
    from promotions.engine.stepping import Interrupted, Pass, decide_skip, remember_output, try_step
    from promotions.engine.watch import Watch
    from promotions.engine.workspace import is_done_with, remove_directory, remove_workspace, sweep

__all__ = [
    "USER_AGENT",
    "ArgoCDConnection",
    "Interrupted",
    "Limits",
    "Masker",
    "Pass",
    "ProjectCredentials",
    "Site",
    "StepEnd",
    "Verdict",
    "Watch",
    "advance",
    "build_collection",
    "decide_skip",
    "final_phase",
    "find_collection_promotion",
    "forget_snapshots",
    "is_done_with",
    "judge",
    "list_requested_origins",
    "list_waiting",
    "load_masker",
    "read_asked",
    "read_site",
    "remember_output",
    "remove_directory",
    "remove_workspace",
    "run_pass",
    "sweep",
    "sweep_snapshots",
    "try_step",
]

_ROOMS = {
    "ArgoCDConnection": "argocd",
    "USER_AGENT": "site",
    "Interrupted": "stepping",
    "Masker": "masking",
    "Pass": "stepping",
    "ProjectCredentials": "capabilities",
    "Site": "site",
    "Watch": "watch",
    "advance": "queue",
    "build_collection": "collections",
    "decide_skip": "stepping",
    "find_collection_promotion": "queue",
    "forget_snapshots": "snapshots",
    "is_done_with": "workspace",
    "list_requested_origins": "collections",
    "list_waiting": "queue",
    "load_masker": "capabilities",
    "read_asked": "people",
    "read_site": "site",
    "remember_output": "stepping",
    "remove_directory": "workspace",
    "remove_workspace": "workspace",
    "run_pass": "passes",
    "sweep": "workspace",
    "sweep_snapshots": "snapshots",
    "try_step": "stepping",
}


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
