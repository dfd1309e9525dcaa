"""Hosts that want to be left alone: they said "too many requests", or did not answer at all.

Known to this process. While a host is to be left alone, whoever wants something of it is told so at once and does not
stand in the way of work that goes elsewhere.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from integrations.credentials import BasicAuth, Token
from integrations.errors import RateLimited, Unreachable
from integrations.http import HttpResponse

# When the host does not say how long.
DEFAULT_PAUSE = timedelta(minutes=1)
FIRST_SILENCE = timedelta(seconds=10)
LONGEST_SILENCE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class _Silence:
    message: str
    until: float
    length: timedelta


class HostPauses:
    """Who is to be left alone. Thread-safe; `account` tells visitors with limits of their own apart."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._limits: dict[tuple[str, str], float] = {}
        self._silences: dict[str, _Silence] = {}

    def check(self, host: str, account: str) -> None:
        """Raise RateLimited or Unreachable while the host is to be left alone."""
        with self._lock:
            now = self._clock()
            limited_until = self._limits.get((host, account), now)
            silence = self._silences.get(host)
        if limited_until > now:
            raise RateLimited(
                f"{host} wants fewer requests than are made from here, so it was not asked again.",
                retry_after=timedelta(seconds=limited_until - now),
            )
        if silence is not None and silence.until > now:
            left = max(round(silence.until - now), 1)
            raise Unreachable(f"{silence.message} It was not asked again; that is done in {left} s.")

    def note_limit(self, host: str, account: str, retry_after: timedelta | None) -> None:
        """The host answered: too many requests."""
        pause = (DEFAULT_PAUSE if retry_after is None else retry_after).total_seconds()
        with self._lock:
            self._limits[host, account] = self._clock() + pause

    def note_silence(self, host: str, message: str) -> None:
        """The host did not answer; each time in a row it is left alone for longer."""
        with self._lock:
            before = self._silences.get(host)
            length = min(before.length * 2, LONGEST_SILENCE) if before else FIRST_SILENCE
            self._silences[host] = _Silence(message, self._clock() + length.total_seconds(), length)

    def note_answer(self, host: str) -> None:
        """The host answers again."""
        with self._lock:
            self._silences.pop(host, None)

    def ask(self, host: str, account: str, send: Callable[[], HttpResponse]) -> HttpResponse:
        """Send a request unless the host is to be left alone, and learn from the answer."""
        self.check(host, account)
        try:
            response = send()
        except Unreachable as error:
            self.note_silence(host, error.message)
            raise
        self.note_answer(host)
        if response.is_rate_limited:
            self.note_limit(host, account, response.retry_after)
        return response


def account_of(credentials: BasicAuth | Token | None) -> str:
    """Tells accounts apart, within this process; it holds no secret."""
    return credentials.username if isinstance(credentials, BasicAuth) else str(hash(credentials))


SHARED_PAUSES = HostPauses()
