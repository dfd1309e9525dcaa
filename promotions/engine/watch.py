"""Watches a running pass from the side: an abort, a lost lease or a time limit must end long work soon."""

import threading
from datetime import datetime
from types import TracebackType

from django.db import DatabaseError, close_old_connections, connection
from django.utils import timezone

from projects.leases import Lease, renew
from promotions.models import Promotion

_LOOK_SECONDS = 0.5


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
        renewed_at = timezone.now()
        try:
            while not self._done.wait(_LOOK_SECONDS):
                now = timezone.now()
                if now > renewed_at + self._lease.length:
                    # Nobody could renew in time (database away): the lease is no longer ours to trust.
                    self._lost.set()
                    return
                try:
                    close_old_connections()
                    if now > renewed_at + self._lease.length / 3:
                        if not renew(self._lease, now=now):
                            self._lost.set()
                            return
                        renewed_at = now
                    rows = Promotion.objects.filter(pk=self._lease.pk, lease_token=self._lease.token)
                    if rows.filter(abort_requested_at__isnull=False).exists():
                        self._aborted.set()
                except DatabaseError:
                    continue  # the next look decides
        finally:
            connection.close()
