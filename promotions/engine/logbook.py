"""The log of one promotion: lines are masked, numbered without gaps and stored in small batches.

A batch is written when 64 lines wait or 100 ms after the one before; it and the line count are one
transaction under the lease, so a worker that lost it cannot write, and no number is given twice.
"""

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from django.db import DatabaseError, close_old_connections, connection, transaction
from django.utils import timezone

from projects.leases import Lease, owned
from projects.notices import announce
from promotions.engine.masking import Masker
from promotions.models import LogBatch, Promotion

logger = logging.getLogger(__name__)

_BATCH_LINES = 64
_BATCH_SECONDS = 0.1
_LONGEST_LINE = 16_384


class Logbook:
    """Collects lines from any thread and stores them in order. Use as a context manager: leaving stores the rest."""

    def __init__(self, promotion: Promotion, lease: Lease, masker: Masker) -> None:
        self._promotion, self._lease, self._masker = promotion, lease, masker
        self._waiting: deque[tuple[int, str, str]] = deque()
        # Lines stored so far: whoever has the lease is the only one who writes.
        self._count = Promotion.objects.values_list("log_line_count", flat=True).get(pk=promotion.pk)
        self._lock, self._writing = threading.Lock(), threading.RLock()
        self._stored_at = 0.0
        self._filled, self._closed = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._flush_often, name="logbook", daemon=True)

    def __enter__(self) -> "Logbook":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._closed.set()
        self._filled.set()
        self._thread.join()
        self.flush()

    def write(self, step_index: int, text: str, stream: str = "info") -> None:
        """Take one or several lines. `stream` is out, err or info (our own words)."""
        masked = self._masker.text(text)
        with self._lock:
            for line in masked.splitlines() or [""]:
                shown = line if len(line) <= _LONGEST_LINE else line[:_LONGEST_LINE] + " … (cut)"
                self._waiting.append((step_index, stream, shown.replace("\x00", "")))
            full = len(self._waiting) >= _BATCH_LINES
        self._filled.set()
        if full:
            # A database that is away is no trouble of whoever writes a line: the lines wait.
            with contextlib.suppress(DatabaseError):
                self.flush()

    @contextmanager
    def together(self) -> Iterator[None]:
        """A transaction of the caller's; lines written in it are stored with it, or not at all.

        The place in the log is taken first: whoever held the database and then waited for it would wait for ever.
        """
        with self._writing:
            self.flush()
            count = self._count
            try:
                with transaction.atomic():
                    yield
                    self.flush()
            except BaseException:
                self._count = count
                raise

    def flush(self) -> None:
        """Store what waits."""
        with self._writing:
            while batch := self._take():
                try:
                    self._store(batch[0][0], [[stream, text] for _, stream, text in batch])
                    self._stored_at = time.monotonic()
                except DatabaseError:
                    with self._lock:
                        self._waiting.extendleft(reversed(batch))
                    raise

    def _take(self) -> list[tuple[int, str, str]]:
        """Up to one batch of lines of one step."""
        with self._lock:
            batch: list[tuple[int, str, str]] = []
            while self._waiting and len(batch) < _BATCH_LINES:
                if batch and self._waiting[0][0] != batch[0][0]:
                    break
                batch.append(self._waiting.popleft())
            return batch

    def _store(self, step_index: int, lines: list[list[str]]) -> None:
        now = timezone.now()
        last = self._count + len(lines)
        with transaction.atomic(savepoint=False):
            rows: Any = owned(self._lease)
            if not rows.filter(log_line_count=self._count).update(log_line_count=last):
                return
            LogBatch.objects.create(
                promotion=self._promotion,
                step_index=step_index,
                first_line=self._count + 1,
                last_line=last,
                lines=lines,
                at=now,
            )
            announce(self._promotion.project, f"log:{self._promotion.number}", now=now)
        self._count = last

    def _flush_often(self) -> None:
        try:
            while not self._closed.is_set():
                self._filled.wait()
                self._filled.clear()
                # The first line after a pause goes at once, those behind it together.
                self._closed.wait(self._stored_at + _BATCH_SECONDS - time.monotonic())
                try:
                    self.flush()
                except DatabaseError:
                    # The lines wait for the next try, at the latest at the end of the step.
                    logger.warning("Log lines could not be stored yet", exc_info=True)
                    close_old_connections()
        finally:
            connection.close()
