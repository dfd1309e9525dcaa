"""Installation tokens of a GitHub App, good for one repository.

Source: Kargo docs, repository credentials; GitHub docs, "Generating an installation access token for a GitHub App".
"""

import base64
import binascii
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import jwt

from integrations.credentials import BasicAuth
from integrations.errors import IntegrationError
from integrations.gitproviders.addresses import RepositoryAddress, read_address
from integrations.http import HttpClient
from integrations.issuers.base import Issued, key_of, read_object, said_by, text_of

_WHAT = "a token of the GitHub App"
_USERNAME = "kargo"
_HOURLY = timedelta(hours=1)
# GitHub takes ten minutes at most, and clocks differ.
_BEFORE, _VALID = timedelta(seconds=60), timedelta(minutes=9)
_REMEDIES = {
    401: "Check the App's id and its private key",
    403: "The installation may be suspended; look at the App's installations on GitHub",
    404: "Check the installation id: the App must be installed for the owner of the repository",
    422: "Let the App's installation have access to this repository",
}


@dataclass(frozen=True, slots=True)
class GitHubApp:
    """One installation and one repository. `app` is its client id or id; `private_key` is PEM or base64 of that."""

    app: str
    installation: str
    private_key: str = field(repr=False)
    repo_url: str = ""

    @property
    def key(self) -> str:
        """See CredentialSource."""
        return key_of("github-app", self.app, self.installation, self.private_key, self.repo_url)

    def issue(self, client: HttpClient, *, now: datetime) -> Issued:
        """See CredentialSource; the token opens the one repository."""
        address = read_address(self.repo_url)
        if not self.installation.isdecimal():
            raise IntegrationError(
                f'The installation id of the GitHub App is a number, not "{self.installation}".', permanent=True
            )
        response = client.request(
            "POST",
            f"{_api_of(address)}/app/installations/{quote(self.installation)}/access_tokens",
            headers={
                "authorization": f"Bearer {self._sign(now)}",
                "accept": "application/vnd.github+json",
                "content-type": "application/json",
                "x-github-api-version": "2022-11-28",
            },
            content=_scope(address),
            retry=True,
        )
        said = ". ".join(part for part in (said_by(response).rstrip("."), _REMEDIES.get(response.status, "")) if part)
        response.raise_for_status(f"get {_WHAT}", said=said)
        answer = read_object(response, what=_WHAT)
        token = text_of(answer, "token", what=_WHAT)
        return Issued(BasicAuth(_USERNAME, token), _read_instant(answer.get("expires_at")) or now + _HOURLY)

    def _sign(self, now: datetime) -> str:
        claims = {"iat": int((now - _BEFORE).timestamp()), "exp": int((now + _VALID).timestamp()), "iss": self.app}
        try:
            return jwt.encode(claims, read_pem(self.private_key), algorithm="RS256")
        except (ValueError, TypeError, jwt.PyJWTError) as error:
            raise IntegrationError(
                "The private key of the GitHub App is not a PEM key. Set it again, whole, from BEGIN to END.",
                permanent=True,
            ) from error


def read_pem(text: str) -> str:
    """PEM text, also when it was given as base64 of it, as older manifests have it."""
    if "-----BEGIN" in text:
        return text
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return text


def _api_of(address: RepositoryAddress) -> str:
    if address.host == "github.com":
        return "https://api.github.com"
    if address.host.endswith(".ghe.com"):
        return f"https://api.{address.host}"
    return f"{address.web}/api/v3"


def _scope(address: RepositoryAddress) -> bytes:
    _, name = address.expect(2, "https://github.com/owner/repository")
    return json.dumps({"repositories": [name.removesuffix(".git")]}).encode()


def _read_instant(text: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
