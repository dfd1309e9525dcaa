"""At most so many requests a second to one registry host, dealt out in turn to those who wait for them.

Counted in this process. The tokens of a host go round: a project that reads ten thousand images and one that
wants a single tag each get every second token.

Source: Kargo's registry client limits itself to 20 requests a second for each registry host.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

REQUESTS_PER_SECOND = 20.0
# Whoever waits looks this often whether it should stop.
_GLANCE_SECONDS = 1.0


def _go_on() -> None:
    """Nothing bounds this visit."""


@dataclass(frozen=True, slots=True)
class Visit:
    """On whose behalf a host is asked, and how long.

    `check` is called before every request and raises Aborted or TimedOut when the visit is to end.
    """

    payer: str = ""
    check: Callable[[], None] = _go_on


ANYBODY = Visit()


@dataclass(eq=False)
class _Ticket:
    payer: str
    turn: threading.Event = field(default_factory=threading.Event)


class TokenLine:
    """The token bucket of one host, full at first, and the queues before it, one for each payer. Not thread-safe."""

    def __init__(self, per_second: float, now: float) -> None:
        self._per_second = per_second
        self._tokens, self._counted_at = max(per_second, 1.0), now
        self._queues: dict[str, deque[_Ticket]] = {}

    def join(self, ticket: _Ticket) -> None:
        self._queues.setdefault(ticket.payer, deque()).append(ticket)

    def leave(self, ticket: _Ticket) -> None:
        """Step out of the line, served or not; a payer that was served goes behind the others."""
        queue = self._queues.pop(ticket.payer, None)
        if queue is not None:
            queue.remove(ticket)
            if queue:
                self._queues[ticket.payer] = queue

    @property
    def head(self) -> _Ticket | None:
        """Whose turn it is."""
        return next((queue[0] for queue in self._queues.values()), None)

    def __len__(self) -> int:
        return sum(map(len, self._queues.values()))

    def take(self, now: float) -> float:
        """Take a token and return 0, or return the seconds until there is one."""
        earned = (now - self._counted_at) * self._per_second
        self._tokens = min(max(self._per_second, 1.0), self._tokens + earned)
        self._counted_at = now
        # A wait may end a rounding error too early.
        if self._tokens > 1 - 1e-6:
            self._tokens -= 1
            return 0.0
        return (1 - self._tokens) / self._per_second


class HostRateLimits:
    """A TokenLine for each host. Thread-safe. `sleep` waits for an event at most so many seconds."""

    def __init__(
        self,
        per_second: float = REQUESTS_PER_SECOND,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[threading.Event, float], object] = threading.Event.wait,
    ) -> None:
        self._per_second = per_second
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._lines: dict[str, TokenLine] = {}

    def change_rate(self, per_second: float) -> None:
        """So many requests a second from now on; for hosts that were not asked yet."""
        self._per_second = per_second

    def wait(self, host: str, visit: Visit = ANYBODY) -> None:
        """Take a token of `host`, in turn with the others that want one. Raises what `visit.check` raises."""
        ticket = _Ticket(visit.payer)
        with self._lock:
            line = self._lines.setdefault(host, TokenLine(self._per_second, self._clock()))
            line.join(ticket)
        try:
            while (pause := self._try(line, ticket)) > 0:
                self._sleep(ticket.turn, pause)
                visit.check()
        finally:
            with self._lock:
                line.leave(ticket)
                if line.head is not None:
                    line.head.turn.set()

    def count_waiting(self, host: str) -> int:
        """How many wait for a token of `host` now."""
        with self._lock:
            return len(self._lines[host]) if host in self._lines else 0

    def _try(self, line: TokenLine, ticket: _Ticket) -> float:
        with self._lock:
            ticket.turn.clear()
            return line.take(self._clock()) if line.head is ticket else _GLANCE_SECONDS


SHARED_LIMITS = HostRateLimits()
