"""Runs promotions: queue, passes, log, work tree. Others use the names below and nothing behind them."""

from promotions.engine.collections import collection_id, inherit_collection
from promotions.engine.outcomes import backoff
from promotions.engine.passes import run_pass
from promotions.engine.queue import advance, find_collection_promotion, list_waiting
from promotions.engine.site import Site, read_site
from promotions.engine.workspace import remove as remove_workspace

__all__ = [
    "Site",
    "advance",
    "backoff",
    "collection_id",
    "find_collection_promotion",
    "inherit_collection",
    "list_waiting",
    "read_site",
    "remove_workspace",
    "run_pass",
]
