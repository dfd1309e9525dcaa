"""What one evaluation may use: list elements, text and time.

Differs: Kargo bounds the elements only; a web application must also survive `s + s` doubled forty times.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from expressions.errors import ExpressionError

MAX_ELEMENTS = 1_000_000
MAX_TEXT = 20_000_000
MAX_SECONDS = 5.0
MAX_DEPTH = 100
_WORK_BETWEEN_CLOCK_READS = 20_000

# When everything inside `limit_time` must be over, by the monotonic clock.
_end_of_all: ContextVar[float | None] = ContextVar("end_of_all", default=None)


@contextmanager
def limit_time(seconds: float) -> Iterator[None]:
    """Bound all evaluations inside together: one request may hold thousands of expressions."""
    token = _end_of_all.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _end_of_all.reset(token)


class Budget:
    """Counts down while an expression is evaluated; every `take_` and `spend` may raise ExpressionError."""

    __slots__ = ("_check_at", "_deadline", "_elements", "_text", "_work")

    def __init__(self, seconds: float = MAX_SECONDS) -> None:
        self._elements = 0
        self._text = 0
        self._work = 0
        self._check_at = _WORK_BETWEEN_CLOCK_READS
        now = time.monotonic()
        self._deadline = now + seconds
        end = _end_of_all.get()
        if end is not None:
            if now > end:
                raise ExpressionError("time limit exceeded: these expressions take too long together")
            self._deadline = min(self._deadline, end)

    def take_elements(self, count: int) -> None:
        """Account for `count` new elements of lists or maps."""
        self._elements += count
        if self._elements >= MAX_ELEMENTS:
            raise ExpressionError(
                f"memory budget exceeded: an expression may build fewer than {MAX_ELEMENTS:,} elements"
            )
        self.spend(count)

    def take_text(self, length: int) -> None:
        """Account for a new text of `length` characters."""
        self._text += length
        if self._text > MAX_TEXT:
            raise ExpressionError(f"memory budget exceeded: an expression may build at most {MAX_TEXT:,} characters")
        self.spend(length >> 6)

    def spend(self, work: int) -> None:
        """Account for `work` small steps, and look at the clock now and then."""
        self._work += work
        if self._work >= self._check_at:
            self._check_at = self._work + _WORK_BETWEEN_CLOCK_READS
            if time.monotonic() > self._deadline:
                raise ExpressionError(f"time limit exceeded: an expression may run for {MAX_SECONDS:g} seconds")


def check_depth(depth: int) -> None:
    """Refuse values nested so deeply that walking them would exhaust the stack."""
    if depth > MAX_DEPTH:
        raise ExpressionError(f"the value is nested more than {MAX_DEPTH} levels deep")
