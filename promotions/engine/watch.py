"""Watches a running pass from the side: an abort, a lost lease or a time limit must end long work soon.

A preview is watched too; nobody aborts one.
"""

import threading
import time
from datetime import datetime, timedelta
from types import TracebackType

from django.db import DatabaseError, close_old_connections, connection
from django.utils import timezone

from projects.leases import Lease, renew
from promotions.models import Promotion

_LOOK_SECONDS = 0.5


class _Moment:
    """A moment on both clocks: one does not jump, the other does not sleep with the machine."""

    def __init__(self) -> None:
        self.wall, self._steady = timezone.now(), time.monotonic()

    def age(self) -> timedelta:
        """How long ago it was, by the clock that says longer."""
        return max(timezone.now() - self.wall, timedelta(seconds=time.monotonic() - self._steady))


class Watch:
    """Renews the lease and reads the abort request twice a second. Use as a context manager."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._lost, self._aborted, self._done = threading.Event(), threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._look, name=f"watch-{lease.pk}", daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    @property
    def is_lost(self) -> bool:
        """Another worker has the promotion now, or will soon: write nothing."""
        return self._lost.is_set()

    @property
    def is_aborted(self) -> bool:
        """Somebody asked for the end."""
        return self._aborted.is_set()

    def wants_stop(self, deadline: datetime | None) -> bool:
        """What a step asks through `should_stop`."""
        return self.is_lost or self.is_aborted or (deadline is not None and timezone.now() > deadline)

    def _look(self) -> None:
        renewed = _Moment()
        try:
            while not self._done.wait(_LOOK_SECONDS):
                age = renewed.age()
                if age > self._lease.length:
                    # Nobody could renew in time (database away, machine asleep): the lease is not ours to trust.
                    self._lost.set()
                    return
                try:
                    close_old_connections()
                    if age > self._lease.length / 3:
                        renewed_now = _Moment()
                        if not renew(self._lease, now=renewed_now.wall):
                            self._lost.set()
                            return
                        renewed = renewed_now
                    if self._lease.model is Promotion and self._is_abort_asked():
                        self._aborted.set()
                except DatabaseError:
                    continue  # the next look decides
        finally:
            connection.close()

    def _is_abort_asked(self) -> bool:
        rows = Promotion.objects.filter(pk=self._lease.pk, lease_token=self._lease.token)
        return rows.filter(abort_requested_at__isnull=False).exists()
