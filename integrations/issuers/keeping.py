"""Keeps what was issued until shortly before it expires; who asks at the same time shares one request."""

import threading
from datetime import datetime, timedelta

from integrations.credentials import BasicAuth
from integrations.http import HttpClient
from integrations.issuers.base import CredentialSource, Issued

# Work that begins with a credential may go on for minutes.
MARGIN = timedelta(minutes=5)
_MOST = 1000


class IssuedCredentials:
    """In memory only: nothing that was issued is ever written down. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, Issued] = {}
        self._asking: dict[str, threading.Lock] = {}

    def find(self, source: CredentialSource, *, now: datetime) -> BasicAuth | None:
        """What is kept for a source and holds for some time."""
        with self._lock:
            issued = self._kept.get(source.key)
        return issued.value if issued is not None and now < issued.expires_at - MARGIN else None

    def get(self, source: CredentialSource, client: HttpClient, *, now: datetime) -> BasicAuth:
        """What is kept, else what the issuer gives now. Raises as `CredentialSource.issue`."""
        key = source.key
        with self._lock:
            asking = self._asking.setdefault(key, threading.Lock())
        with asking:
            if (found := self.find(source, now=now)) is not None:
                return found
            issued = source.issue(client, now=now)
            self._keep(key, issued, now)
            return issued.value

    def _keep(self, key: str, issued: Issued, now: datetime) -> None:
        with self._lock:
            self._kept = {name: held for name, held in self._kept.items() if now < held.expires_at - MARGIN}
            if len(self._kept) >= _MOST:
                self._kept.pop(next(iter(self._kept)))
            self._kept[key] = issued
            self._asking = {name: lock for name, lock in self._asking.items() if lock.locked() or name in self._kept}
