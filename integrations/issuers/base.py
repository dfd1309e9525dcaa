"""What every issuer has in common: a source knows how to get a credential that is good for an hour or so."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from integrations.credentials import BasicAuth
from integrations.errors import IntegrationError
from integrations.http import HttpClient, HttpResponse

_LONGEST_SAID = 300


@dataclass(frozen=True, slots=True)
class Issued:
    """A credential and the instant from which it is refused."""

    value: BasicAuth
    expires_at: datetime


class CredentialSource(Protocol):
    """One account at one issuer, for one repository or registry."""

    @property
    def key(self) -> str:
        """Names what is issued, so that it can be kept; no secret can be read from it."""
        ...

    def issue(self, client: HttpClient, *, now: datetime) -> Issued:
        """Ask the issuer. Raises Unauthorized, NotFound, RateLimited, Unreachable and IntegrationError."""
        ...


def key_of(*parts: str) -> str:
    """A digest that tells these parts from all others."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def read_object(response: HttpResponse, *, what: str) -> dict[str, Any]:
    """The JSON object of an answer. Raises a permanent IntegrationError for anything else."""
    try:
        found = json.loads(response.body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise IntegrationError(
            f"The answer to our request for {what} is not JSON. Check the address.", permanent=True
        )
    return found


def text_of(answer: dict[str, Any], name: str, *, what: str) -> str:
    """A text of an answer that must be there. Raises a permanent IntegrationError."""
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise IntegrationError(f'The answer to our request for {what} has no "{name}".', permanent=True)
    return value


def said_by(response: HttpResponse) -> str:
    """The reason an issuer gives in its JSON, fit to be shown; empty when it gives none."""
    try:
        answer = json.loads(response.body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(answer, dict):
        return ""
    for name in ("error_description", "message", "Message", "error"):
        if isinstance(said := answer.get(name), str) and said:
            return " ".join(said.split())[:_LONGEST_SAID]
    errors = answer.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    said = first.get("message") if isinstance(first, dict) else None
    return " ".join(said.split())[:_LONGEST_SAID] if isinstance(said, str) else ""
