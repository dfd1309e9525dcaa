"""Previews: what a promotion would do, found out in a throw-away work tree. What others may use is named here.

The steps that touch only the work tree run for real, those with an effect outside say what they would do. A result
may be wrong in one way that nobody can mend: time passes between a preview and its promotion.
"""

from promotions.freshness import find_fresh, why_outdated
from promotions.previews.asking import find_refusal, request_check, request_newest_check, request_preview
from promotions.previews.result import CUT_OFF
from promotions.previews.retention import sweep
from promotions.previews.running import run_preview

__all__ = [
    "CUT_OFF",
    "find_fresh",
    "find_refusal",
    "request_check",
    "request_newest_check",
    "request_preview",
    "run_preview",
    "sweep",
    "why_outdated",
]
