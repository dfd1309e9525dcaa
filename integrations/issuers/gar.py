"""Access tokens for Google Artifact Registry and Container Registry, for the key of a service account.

Source: Kargo docs, repository credentials; Google docs, "Using OAuth 2.0 for Server to Server Applications".
Differs: the key may be given as JSON; Kargo takes base64 of it only.
"""

import base64
import binascii
import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import jwt

from integrations.credentials import BasicAuth
from integrations.errors import IntegrationError
from integrations.http import HttpClient
from integrations.issuers.base import Issued, key_of, read_object, said_by, text_of

HOST = re.compile(r"(?:[a-z0-9-]+-docker\.pkg\.dev|(?:[a-z]+\.)?gcr\.io)")

_WHAT = "an access token of Google"
_USERNAME = "oauth2accesstoken"
_SCOPE = "https://www.googleapis.com/auth/devstorage.read_only"
_TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105
_VALID = timedelta(hours=1)
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Gar:
    """A service account; `account_key` is its JSON, or base64 of that."""

    account_key: str = field(repr=False)

    @property
    def key(self) -> str:
        """See CredentialSource."""
        return key_of("gar", self.account_key)

    def issue(self, client: HttpClient, *, now: datetime) -> Issued:
        """See CredentialSource."""
        account = read_account(self.account_key)
        uri = str(account.get("token_uri") or _TOKEN_URI)
        where = urlsplit(uri)
        if where.scheme != "https" and where.hostname not in _LOCAL:
            raise IntegrationError("The key of the service account names a token server without TLS.", permanent=True)
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": _sign(account, uri, now)}
        response = client.request(
            "POST",
            uri,
            headers={"content-type": "application/x-www-form-urlencoded"},
            content=urlencode(form).encode(),
            retry=True,
        )
        response.raise_for_status(f"get {_WHAT} for {account['client_email']}", said=said_by(response))
        answer = read_object(response, what=_WHAT)
        seconds = answer.get("expires_in")
        lifetime = timedelta(seconds=min(seconds, 86_400)) if isinstance(seconds, int | float) else _VALID
        return Issued(BasicAuth(_USERNAME, text_of(answer, "access_token", what=_WHAT)), now + lifetime)


def read_account(text: str) -> dict[str, Any]:
    """The JSON of a key. Raises a permanent IntegrationError."""
    found: Any = None
    try:
        plain = text if text.lstrip().startswith("{") else base64.b64decode(text, validate=False).decode()
        found = json.loads(plain)
    except (ValueError, binascii.Error, RecursionError):
        found = None
    wanted = ("client_email", "private_key")
    if not isinstance(found, dict) or not all(isinstance(found.get(name), str) for name in wanted):
        raise IntegrationError(
            "The key of the service account is not the JSON that Google gives out: client_email and private_key must "
            "be in it.",
            permanent=True,
        )
    return found


def _sign(account: dict[str, Any], audience: str, now: datetime) -> str:
    claims = {
        "iss": account["client_email"],
        "scope": _SCOPE,
        "aud": audience,
        "iat": int(now.timestamp()),
        "exp": int((now + _VALID).timestamp()),
    }
    headers = {"kid": str(account["private_key_id"])} if account.get("private_key_id") else None
    try:
        return jwt.encode(claims, account["private_key"], algorithm="RS256", headers=headers)
    except (ValueError, TypeError, jwt.PyJWTError) as error:
        raise IntegrationError(
            "The private_key of the service account is not a PEM key. Make a new key in Google's console.",
            permanent=True,
        ) from error
