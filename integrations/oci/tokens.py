"""Authentication at a registry: read its challenge, answer with a password or fetch a bearer token for it.

Source: the token authentication of the OCI distribution project (WWW-Authenticate, realm, service, scope).
"""

import base64
import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from integrations.credentials import BasicAuth, Token
from integrations.errors import IntegrationError, Unauthorized
from integrations.http import HttpClient

RegistryCredentials = BasicAuth | Token | None

DEFAULT_LIFETIME_SECONDS = 60
# A token in its last tenth may expire on the way.
_USABLE_PART = 0.9
_LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
_CHALLENGE = re.compile(r"(?i)\b(bearer|basic)\b\s*((?:[a-z_]+\s*=\s*(?:\"[^\"]*\"|[^\s,]+)\s*,?\s*)*)")
_PARAMETER = re.compile(r"(?i)([a-z_]+)\s*=\s*(?:\"([^\"]*)\"|([^\s,]+))")


@dataclass(frozen=True)
class Challenge:
    """What a registry wants: scheme `bearer` or `basic`, and for bearer where to get the token."""

    scheme: str
    realm: str
    service: str
    scope: str


def parse_challenges(headers: list[str]) -> list[Challenge]:
    """Read WWW-Authenticate headers; schemes we do not know are left out."""
    found = []
    for match in _CHALLENGE.finditer(", ".join(headers)):
        values = {key.lower(): quoted or bare for key, quoted, bare in _PARAMETER.findall(match.group(2))}
        found.append(
            Challenge(
                match.group(1).lower(),
                values.get("realm", ""),
                values.get("service", ""),
                values.get("scope", ""),
            )
        )
    return found


class Authenticator:
    """Authorization headers for the repositories of one registry client; keeps tokens until they expire."""

    def __init__(
        self,
        client: HttpClient,
        credentials: RegistryCredentials,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._credentials = credentials
        self._clock = clock
        self._lock = threading.Lock()
        self._headers: dict[str, tuple[str, float]] = {}

    def known_header(self, key: str) -> str | None:
        """The Authorization value that worked for `key` before, while it is valid."""
        with self._lock:
            header, expires_at = self._headers.get(key, ("", 0.0))
        return header if header and self._clock() < expires_at else None

    def answer(self, key: str, challenges: list[Challenge], *, url: str, scope: str) -> str:
        """The Authorization value for a challenge of `url`, kept under `key`.

        Raises Unauthorized when there is nothing to answer with, or the token server refuses.
        """
        host = urlsplit(url).netloc
        bearer = next((challenge for challenge in challenges if challenge.scheme == "bearer"), None)
        if bearer is not None and not isinstance(self._credentials, Token):
            header, lifetime = self._fetch_token(bearer, url=url, scope=scope)
        else:
            header, lifetime = self._static_header(host, challenges), float("inf")
        with self._lock:
            self._headers[key] = (header, self._clock() + lifetime * _USABLE_PART)
        return header

    def _static_header(self, host: str, challenges: list[Challenge]) -> str:
        if isinstance(self._credentials, Token):
            return f"Bearer {self._credentials.token}"
        if self._credentials is None:
            raise Unauthorized(f"{host} wants credentials and there are none. Add them in Settings, type image.")
        if not any(challenge.scheme == "basic" for challenge in challenges):
            raise Unauthorized(f"{host} refuses access and does not say how to sign in. Check its address.")
        return _basic_header(self._credentials)

    def _fetch_token(self, challenge: Challenge, *, url: str, scope: str) -> tuple[str, float]:
        host = urlsplit(url).netloc
        _check_realm(challenge.realm, url)
        params = [("service", challenge.service)] if challenge.service else []
        params.append(("scope", challenge.scope or scope))
        headers = []
        if isinstance(self._credentials, BasicAuth):
            headers = [("authorization", _basic_header(self._credentials))]
        response = self._client.request("GET", challenge.realm, params=params, headers=headers)
        response.raise_for_status(f"get a token for {host}")
        try:
            answer = json.loads(response.body)
            token = answer.get("token") or answer["access_token"]
            lifetime = float(answer.get("expires_in") or DEFAULT_LIFETIME_SECONDS)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise IntegrationError(
                f"The token server of {host} sent something that is not a token.", permanent=True
            ) from error
        return f"Bearer {token}", lifetime


def _check_realm(realm: str, url: str) -> None:
    """The password goes to the realm: it must be a URL, no less protected than the registry itself."""
    asked, registry = urlsplit(realm), urlsplit(url)
    if asked.scheme not in ("http", "https") or not asked.hostname:
        raise IntegrationError(f"{registry.netloc} names no usable token server.", permanent=True)
    is_weaker = asked.scheme == "http" and registry.scheme == "https"
    if is_weaker and asked.hostname not in _LOCAL_HOSTS:
        raise IntegrationError(
            f"{registry.netloc} sends us to a token server without TLS ({asked.hostname}); no password goes there.",
            permanent=True,
        )


def _basic_header(credentials: BasicAuth) -> str:
    pair = f"{credentials.username}:{credentials.password}".encode()
    return "Basic " + base64.b64encode(pair).decode()
