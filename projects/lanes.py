"""Lanes: how much slow work one process does at once, so that the quick tasks beside it always find a thread.

A worker has more threads than its lane has places. Work that finds no place waits in the lane, not in a thread;
whoever gives a place back goes on with it. Like every wake-up it is only a hint: the row stays due.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable

from django.conf import settings
from django.db import close_old_connections

from projects import shutdown

logger = logging.getLogger(__name__)

Work = Callable[[int], None]


class Lane:
    """At most `places` pieces of work at once; the same work on the same row waits only once.

    Work may name keys, such as the hosts it talks to: of one key at most `per_key` are done at once, so that what
    waits for a slow host leaves places to the others.
    """

    def __init__(self, places: int, *, per_key: int | None = None) -> None:
        self._lock = threading.Lock()
        self._free = places
        self._per_key = places if per_key is None else per_key
        self._busy: Counter[str] = Counter()
        self._waiting: dict[tuple[Work, int], frozenset[str]] = {}

    def run(self, work: Work, pk: int, *, keys: frozenset[str] = frozenset()) -> None:
        """Do it now and then what waits, or leave it waiting and return at once. Errors are logged."""
        if shutdown.requested.is_set():
            return  # what is due is for those who stay
        with self._lock:
            if self._free == 0 or not self._may_begin(keys):
                self._waiting[work, pk] = keys
                return
            self._waiting.pop((work, pk), None)
            self._free -= 1
            self._busy.update(keys)
        following: tuple[Work, int] | None = (work, pk)
        try:
            while following is not None:
                self._do(*following)
                following, keys = self._take_next(keys)
        except BaseException:  # the thread is to end, the place is not
            with self._lock:
                self._free += 1
                self._busy.subtract(keys)
            raise

    def is_waiting(self, work: Work, pk: int) -> bool:
        """Whether this work found no place and waits here for one."""
        with self._lock:
            return (work, pk) in self._waiting

    def _may_begin(self, keys: frozenset[str]) -> bool:
        return all(self._busy[key] < self._per_key for key in keys)

    def _do(self, work: Work, pk: int) -> None:
        try:
            work(pk)
        except Exception:
            logger.exception("Work failed", extra={"work": work.__name__, "pk": pk})
        close_old_connections()  # what comes next is a task of its own

    def _take_next(self, done: frozenset[str]) -> tuple[tuple[Work, int] | None, frozenset[str]]:
        """Give back the keys of what is done; the first of the waiting whose keys are free, with its keys."""
        with self._lock:
            self._busy.subtract(done)
            self._busy += Counter()  # only what is busy stays
            if not shutdown.requested.is_set():
                for following, keys in self._waiting.items():
                    if self._may_begin(keys):
                        del self._waiting[following]
                        self._busy.update(keys)
                        return following, keys
            self._free += 1
            return None, frozenset()


# Passes over promotions: they wait for steps.
passes = Lane(settings.PASSES_AT_ONCE)
# Looks at warehouses: they wait for git hosts and registries. No host keeps more than half of the places busy.
looks = Lane(settings.LOOKS_AT_ONCE, per_key=max(settings.LOOKS_AT_ONCE // 2, 1))
# Looks at the health of stages: when what they ask does not answer, promotions must not wait behind them.
health = Lane(1)
