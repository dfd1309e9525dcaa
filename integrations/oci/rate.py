"""At most so many requests a second to one registry host, counted in this process.

Source: Kargo's registry client limits itself to 20 requests a second for each registry host.
"""

import threading
import time
from collections.abc import Callable

REQUESTS_PER_SECOND = 20.0


class HostRateLimits:
    """A token bucket for each host, full at first, with room for one second of requests. Thread-safe."""

    def __init__(
        self,
        per_second: float = REQUESTS_PER_SECOND,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._per_second = per_second
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._buckets: dict[str, tuple[float, float]] = {}

    def wait(self, host: str) -> None:
        """Take a token of `host`; wait for it if there is none."""
        with self._lock:
            now = self._clock()
            tokens, counted_at = self._buckets.get(host, (self._per_second, now))
            # Below zero stands for tokens promised to those who wait already: each waits longer.
            tokens = min(self._per_second, tokens + (now - counted_at) * self._per_second) - 1
            self._buckets[host] = (tokens, now)
        if tokens < 0:
            self._sleep(-tokens / self._per_second)


SHARED_LIMITS = HostRateLimits()
