"""How the loopback registry guards itself and misbehaves, for tests: who may enter, which faults are on."""

import base64
import secrets
import threading
import time
from dataclasses import dataclass, field


@dataclass(frozen=True)
class OciAccess:
    """Who may enter: everybody ("anonymous"), a password ("basic"), or a token for a password ("bearer").

    With "bearer" and no user name anybody gets a token, as public images on Docker Hub.
    """

    mode: str = "anonymous"
    username: str = ""
    password: str = field(default="", repr=False)
    token_seconds: int = 300


@dataclass
class OciFaults:
    """Switches of misbehaviour; set them on a running registry.

    `statuses` are used up one a request, before anything else is looked at; `endless_pages` is "" or "same"
    (the next page is the first one again) or "fresh" (a new address each time, same tags);
    `next_link` is the address of the next page, whatever the tags.
    """

    statuses: list[int] = field(default_factory=list)
    retry_after: str | None = None
    wrong_digest: bool = False
    endless_pages: str = ""
    next_link: str | None = None
    delay_seconds: float = 0.0


class TokenDesk:
    """Gives tokens to those who know the password, and knows what each is good for. Thread-safe."""

    def __init__(self, access: OciAccess) -> None:
        self._access = access
        self._lock = threading.Lock()
        self._tokens: dict[str, tuple[str, float]] = {}

    def is_password(self, authorization: str) -> bool:
        """Tell whether an Authorization header holds the right password."""
        pair = f"{self._access.username}:{self._access.password}".encode()
        return secrets.compare_digest(authorization, "Basic " + base64.b64encode(pair).decode())

    def issue(self, authorization: str, scope: str) -> str | None:
        """A token for the scope, or None if the password is wrong."""
        if self._access.username and not self.is_password(authorization):
            return None
        token = secrets.token_urlsafe(24)
        with self._lock:
            self._tokens[token] = (scope, time.monotonic() + self._access.token_seconds)
        return token

    def is_good(self, authorization: str, repository: str) -> bool:
        """Tell whether a bearer token is known, fresh, and for this repository."""
        with self._lock:
            scope, expires_at = self._tokens.get(authorization.removeprefix("Bearer "), ("", 0.0))
        return scope.startswith(f"repository:{repository}:") and time.monotonic() < expires_at
