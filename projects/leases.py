"""Leases: one worker at a time works on a row, and a dead worker costs one lease.

A claim empties `due_at`; whoever makes new work meanwhile fills it again and `release` keeps that. So a row is
waiting for work when its `due_at` has come, or when a lease has run out before it was released.
"""

import os
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError, close_old_connections, connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from projects.models import LeasedRow


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write one row; every write of its holder is filtered by `token`."""

    model: type[LeasedRow]
    pk: int
    token: uuid.UUID
    length: timedelta


def owner_name() -> str:
    """Names this thread of this process on this machine: `host:pid:thread`."""
    return f"{socket.gethostname()}:{os.getpid()}:{threading.get_native_id()}"


def list_due(model: type[LeasedRow], now: datetime) -> QuerySet[LeasedRow]:
    """Rows that wait for a worker: due and free, or left behind by a worker whose lease ran out."""
    free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
    rows: QuerySet[LeasedRow] = model._default_manager.filter(Q(due_at__lte=now) & free | Q(lease_until__lte=now))
    return rows


def claim(model: type[LeasedRow], pk: int, *, now: datetime, length: timedelta) -> Lease | None:
    """Take the row if it waits for a worker; None when it does not, or somebody was quicker."""
    lease = Lease(model, pk, uuid.uuid4(), length)
    count = (
        list_due(model, now)
        .filter(pk=pk)
        .update(due_at=None, lease_owner=owner_name(), lease_token=lease.token, lease_until=now + length)
    )
    return lease if count == 1 else None


def owned(lease: Lease) -> QuerySet[LeasedRow]:
    """The row, as long as the lease still holds; a lost lease gives an empty set."""
    rows: QuerySet[LeasedRow] = lease.model._default_manager.filter(pk=lease.pk, lease_token=lease.token)
    return rows


def renew(lease: Lease, *, now: datetime) -> bool:
    """Prolong the lease; False when it was lost."""
    return owned(lease).update(lease_until=now + lease.length) == 1


def release(lease: Lease, *, due_at: datetime | None) -> bool:
    """Give the row back. Work that arrived meanwhile keeps its due time; False when the lease was lost."""
    free = {"lease_owner": "", "lease_token": None, "lease_until": None}
    if owned(lease).filter(due_at__isnull=True).update(due_at=due_at, **free):
        return True
    return owned(lease).update(**free) == 1


@contextmanager
def kept(lease: Lease) -> Iterator[threading.Event]:
    """Renew the lease from a second thread while the body runs. The event is set once the lease is lost."""
    lost, done = threading.Event(), threading.Event()

    def beat() -> None:
        renewed_at = timezone.now()
        try:
            while not done.wait(lease.length.total_seconds() / 6):
                now = timezone.now()
                try:
                    close_old_connections()
                    held = renew(lease, now=now)
                except DatabaseError:
                    held = now < renewed_at + lease.length  # the next beat tries again
                else:
                    renewed_at = now
                if not held:
                    lost.set()
                    return
        finally:
            connection.close()

    thread = threading.Thread(target=beat, name=f"lease-{lease.pk}", daemon=True)
    thread.start()
    try:
        yield lost
    finally:
        done.set()
        thread.join()
