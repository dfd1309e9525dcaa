"""bitbucket: pushes and pull requests of Bitbucket Cloud and Data Center.

Source: Kargo docs "Bitbucket Webhook Receiver", code `pkg/webhook/external/bitbucket.go`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from freight.receivers.base import (
    Inbound,
    Notice,
    PullRequestClosed,
    Push,
    Refused,
    Sender,
    by_header,
    check_signature,
)
from freight.receivers.payload import Payload, read_object

_EVENT = "X-Event-Key"


def read(inbound: Inbound, secret: str, config: Mapping[str, Any]) -> Notice:
    """What Bitbucket says; the two editions have event names of their own."""
    event = inbound.header(_EVENT)
    if event not in _READERS:
        raise Refused(400, f"event type {event} is not supported")
    check_signature(inbound, "X-Hub-Signature", secret)
    return _READERS[event](read_object(inbound.body))


def _read_cloud_push(payload: Payload) -> Push:
    return Push(
        repo_urls=(payload.text("repository", "links", "html", "href"),),
        qualifiers=tuple(_name_ref(change) for change in payload.parts("push", "changes")),
        default_branch=payload.text("repository", "mainbranch", "name"),
    )


def _name_ref(change: Payload) -> str:
    """The full ref; Cloud sends short names, and null for one that was deleted."""
    name = change.text("new", "name")
    kind = "tags" if change.text("new", "type") == "tag" else "heads"
    return f"refs/{kind}/{name}" if name else ""


def _read_server_push(payload: Payload) -> Push:
    return Push(
        repo_urls=tuple(link.text("href") for link in payload.parts("repository", "links", "clone")),
        qualifiers=tuple(change.text("ref", "id") for change in payload.parts("changes")),
    )


def _read_cloud_pull_request(payload: Payload) -> PullRequestClosed:
    return PullRequestClosed(
        url=payload.text("pullrequest", "links", "html", "href"),
        repo_urls=(payload.text("repository", "links", "html", "href"),),
        number=payload.number("pullrequest", "id"),
    )


def _read_server_pull_request(payload: Payload) -> PullRequestClosed:
    links = payload.parts("pullRequest", "links", "self")
    clones = payload.parts("pullRequest", "toRef", "repository", "links", "clone")
    return PullRequestClosed(
        url=links[0].text("href") if links else "",
        repo_urls=tuple(link.text("href") for link in clones),
        number=payload.number("pullRequest", "id"),
    )


_READERS: dict[str, Callable[[Payload], Notice]] = {
    "repo:push": _read_cloud_push,
    "repo:refs_changed": _read_server_push,
    "pullrequest:fulfilled": _read_cloud_pull_request,
    "pullrequest:rejected": _read_cloud_pull_request,
    "pr:merged": _read_server_pull_request,
    "pr:declined": _read_server_pull_request,
}

SENDER = Sender(
    name="bitbucket",
    title="Bitbucket",
    secret_key="secret",  # noqa: S106
    read=read,
    describe=by_header(_EVENT),
    delivery_headers=("X-Request-UUID", "X-Request-Id"),
)
