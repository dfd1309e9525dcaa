"""A lock between threads and processes of one machine, held by an open file.

The kernel lets it go when the last holder of the open file is dead, so a killed worker never leaves it
locked. The descriptor is handed to the git command that works under the lock: should the worker die first,
the lock lasts until git is dead as well.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from integrations.errors import Aborted

_POLL_SECONDS = 0.02


@contextlib.contextmanager
def file_lock(path: Path, *, should_stop: Callable[[], bool]) -> Iterator[int]:
    """Hold the lock on `path`; yields the descriptor. Raises Aborted when asked to stop while waiting."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while not _try_lock(descriptor):
            if should_stop():
                raise Aborted("Waiting for the repository mirror was stopped on request")
            time.sleep(_POLL_SECONDS)
        yield descriptor
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
