"""Lanes: how much slow work one process does at once, so that the quick tasks beside it always find a thread.

A worker has more threads than its lane has places. Work that finds no place waits in the lane, not in a thread;
whoever gives a place back goes on with it. Like every wake-up it is only a hint: the row stays due.
"""

import logging
import threading
from collections.abc import Callable

from django.conf import settings
from django.db import close_old_connections

from projects import shutdown

logger = logging.getLogger(__name__)

Work = Callable[[int], None]


class Lane:
    """At most `places` pieces of work at once; the same work on the same row waits only once."""

    def __init__(self, places: int) -> None:
        self._lock = threading.Lock()
        self._free = places
        self._waiting: dict[tuple[Work, int], None] = {}

    def run(self, work: Work, pk: int) -> None:
        """Do it now and then what waits, or leave it waiting and return at once. Errors are logged."""
        with self._lock:
            if self._free == 0:
                self._waiting[work, pk] = None
                return
            self._free -= 1
        following: tuple[Work, int] | None = (work, pk)
        try:
            while following is not None:
                self._do(*following)
                following = self._take_next()
        except BaseException:  # the thread is to end, the place is not
            with self._lock:
                self._free += 1
            raise

    def _do(self, work: Work, pk: int) -> None:
        try:
            work(pk)
        except Exception:
            logger.exception("Work failed", extra={"work": work.__name__, "pk": pk})
        close_old_connections()  # what comes next is a task of its own

    def _take_next(self) -> tuple[Work, int] | None:
        with self._lock:
            if self._waiting and not shutdown.requested.is_set():
                following = next(iter(self._waiting))
                del self._waiting[following]
                return following
            self._free += 1
            return None


# Passes over promotions and looks at warehouses: they wait for git hosts, registries and steps.
passes = Lane(settings.PASSES_AT_ONCE)
# Looks at the health of stages: when what they ask does not answer, promotions must not wait behind them.
health = Lane(1)
