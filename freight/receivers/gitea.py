"""gitea: pushes and pull requests of Gitea and Forgejo.

Source: Kargo docs "Gitea Webhook Receiver", code `pkg/webhook/external/gitea.go`.
Differs: subscriptions by ssh are woken too.
"""

from collections.abc import Mapping
from typing import Any

from freight.receivers.base import (
    Inbound,
    Nothing,
    Notice,
    PullRequestClosed,
    Push,
    Refused,
    Sender,
    by_header,
    check_signature,
)
from freight.receivers.payload import list_changed_paths, read_object

_EVENT = "X-Gitea-Event"


def read(inbound: Inbound, secret: str, config: Mapping[str, Any]) -> Notice:
    """What Gitea says."""
    event = inbound.header(_EVENT)
    if event not in ("push", "pull_request"):
        raise Refused(501, f"event type {event} is not supported")
    check_signature(inbound, "X-Hub-Signature-256", secret)
    payload = read_object(inbound.body)
    repo_urls = (payload.text("repository", "clone_url"), payload.text("repository", "ssh_url"))
    if event == "pull_request":
        if payload.text("action") != "closed":
            return Nothing()
        return PullRequestClosed(payload.text("pull_request", "html_url"), repo_urls, payload.number("number"))
    commits = payload.parts("commits")
    is_whole = payload.number("total_commits") <= len(commits)
    return Push(
        repo_urls=repo_urls,
        qualifiers=(payload.text("ref"),),
        files=list_changed_paths(commits) if is_whole else (),
        default_branch=payload.text("repository", "default_branch"),
    )


SENDER = Sender(
    name="gitea",
    title="Gitea and Forgejo",
    secret_key="secret",  # noqa: S106
    read=read,
    describe=by_header(_EVENT),
    delivery_headers=("X-Gitea-Delivery",),
)
