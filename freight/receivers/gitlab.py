"""gitlab: pushes, tags and merge requests of GitLab.

Source: Kargo docs "GitLab Webhook Receiver", code `pkg/webhook/external/gitlab.go`.
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
    is_secret,
)
from freight.receivers.payload import Payload, list_changed_paths, read_object

_EVENT = "X-Gitlab-Event"
_PUSH, _TAG, _MERGE_REQUEST = "Push Hook", "Tag Push Hook", "Merge Request Hook"


def read(inbound: Inbound, secret: str, config: Mapping[str, Any]) -> Notice:
    """What GitLab says."""
    if not inbound.is_trusted and not is_secret(inbound.header("X-Gitlab-Token"), secret):
        raise Refused(401)
    event = inbound.header(_EVENT)
    if event not in (_PUSH, _TAG, _MERGE_REQUEST):
        raise Refused(400, f"event type {event} is not supported")
    payload = read_object(inbound.body)
    if event == _MERGE_REQUEST:
        return _read_merge_request(payload)
    commits = payload.parts("commits")
    is_whole = payload.number("total_commits_count") <= len(commits)
    return Push(
        repo_urls=(payload.text("repository", "git_http_url"), payload.text("repository", "git_ssh_url")),
        qualifiers=(payload.text("ref"),),
        files=list_changed_paths(commits) if event == _PUSH and is_whole else (),
        default_branch=payload.text("project", "default_branch"),
    )


def _read_merge_request(payload: Payload) -> Notice:
    if payload.text("object_attributes", "action") not in ("close", "merge"):
        return Nothing()
    return PullRequestClosed(
        url=payload.text("object_attributes", "url"),
        repo_urls=(payload.text("project", "git_http_url"), payload.text("project", "git_ssh_url")),
        number=payload.number("object_attributes", "iid"),
    )


SENDER = Sender(
    name="gitlab",
    title="GitLab",
    secret_key="secret-token",  # noqa: S106
    read=read,
    describe=by_header(_EVENT),
    # The same when GitLab tries again; X-Gitlab-Event-UUID is shared by different events.
    delivery_headers=("Idempotency-Key",),
)
