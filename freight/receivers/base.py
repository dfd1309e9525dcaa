"""What every kind of sender has in common: what comes in, what it may mean, and how it proves who it is.

A sender reads a request and says what it means; it never touches the database and never asks anybody. Which kinds
exist says `freight.receivers.registry`.
Source: Kargo code `pkg/webhook/external`; Kargo docs "Webhook Receivers".
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


class Refused(Exception):
    """The request cannot be taken; `status` is the HTTP answer, an empty message is an empty JSON object."""

    def __init__(self, status: int, message: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def not_understood() -> Refused:
    """The refusal of a body that is no JSON, or not of the documented shape."""
    return Refused(400, "invalid request body")


@dataclass(frozen=True, slots=True)
class Inbound:
    """One request as it came. `headers` keeps each header as often as it was sent, names in lower case.

    `is_trusted` is true for a delivery that proved its origin when it came first.
    """

    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    query: tuple[tuple[str, str], ...] = ()
    is_trusted: bool = False

    def header(self, name: str) -> str:
        """The first value of a header; empty when it was not sent."""
        return next(iter(self.list_header(name)), "")

    def list_header(self, name: str) -> list[str]:
        """All values of a header, in the order they came."""
        return [value for key, value in self.headers if key == name.lower()]

    def parameter(self, name: str) -> str:
        """The first value of a parameter of the address."""
        return next((value for key, value in self.query if key == name), "")


@dataclass(frozen=True, slots=True)
class Nothing:
    """Understood, and of no concern. Answered with the message, or with an empty object."""

    message: str = ""


@dataclass(frozen=True, slots=True)
class Push:
    """Something was pushed. The URLs are as sent; without qualifiers or files these do not narrow the choice.

    `qualifiers` are full refs (git), tags (images) or versions (charts).
    """

    repo_urls: tuple[str, ...]
    qualifiers: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    default_branch: str = ""


@dataclass(frozen=True, slots=True)
class PullRequestClosed:
    """A pull request was merged or closed; known by its web address, or by repository and number."""

    url: str = ""
    repo_urls: tuple[str, ...] = ()
    number: int = 0


@dataclass(frozen=True, slots=True)
class Criterion:
    """What one entry of targetSelectionCriteria asks for, expressions evaluated. Parts are joined by AND.

    `label_expressions` are (key, operator, values); `indices` are (key, operator, value).
    """

    kind: str
    name: str | None = None
    labels: tuple[tuple[str, str], ...] = ()
    label_expressions: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    indices: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ActionPlan:
    """One action of a generic receiver: as configured, and what came of its expressions.

    `problem` names the part that could not be evaluated: whenExpression or targetSelectionCriteria.
    """

    configured: Mapping[str, Any]
    has_matched: bool
    problem: str = ""
    reason: str = ""
    criteria: tuple[Criterion, ...] = ()


@dataclass(frozen=True, slots=True)
class Actions:
    """What a generic receiver is to do."""

    plans: tuple[ActionPlan, ...]


Notice = Nothing | Push | PullRequestClosed | Actions


def _no_event(_: Inbound) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Sender:
    """One kind of sender.

    `secret_key` is the key in the generic secret. `read(inbound, secret, config)` checks and understands a request;
    `config` is the receiver's part of the ProjectConfig. It raises Refused. `describe` names the event for people and
    never raises. `delivery_headers` carry the sender's id of a delivery, the first that is there counts.
    """

    name: str
    title: str
    secret_key: str
    read: Callable[[Inbound, str, Mapping[str, Any]], Notice]
    describe: Callable[[Inbound], str] = _no_event
    delivery_headers: Sequence[str] = field(default=())
    # Nothing but the secret address tells who sends.
    is_open: bool = False


def by_header(name: str) -> Callable[[Inbound], str]:
    """A `describe` for senders that name the event in a header."""
    return lambda inbound: inbound.header(name)


def check_signature(inbound: Inbound, header: str, secret: str) -> None:
    """The header must hold `sha256=` and the HMAC-SHA256 of the body. Raises Refused."""
    if inbound.is_trusted:
        return
    given = inbound.header(header)
    if not given:
        raise Refused(401, "missing signature")
    kind, _, digest = given.partition("=")
    if kind != "sha256" or not _is_digest(inbound.body, secret, digest.lower()):
        raise Refused(401, "unauthorized")


def check_plain_signature(inbound: Inbound, header: str, secret: str) -> None:
    """The header must hold the HMAC-SHA256 of the body and nothing else. Raises Refused."""
    if inbound.is_trusted:
        return
    given = inbound.header(header)
    if not given:
        raise Refused(401, "missing signature")
    if not _is_digest(inbound.body, secret, given):
        raise Refused(401, "unauthorized")


def is_secret(given: str, secret: str) -> bool:
    """Compare in a time that says nothing about where they differ."""
    # Headers are bytes that need not be UTF-8.
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), secret.encode())


def _is_digest(body: bytes, secret: str, given: str) -> bool:
    wanted = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return is_secret(given, wanted)
