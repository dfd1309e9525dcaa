"""github: pushes and pull requests of GitHub, packages of its container registry (ghcr.io).

Source: Kargo docs "GitHub Webhook Receiver", code `pkg/webhook/external/github.go`.
Differs: only HMAC-SHA256 is a signature.
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
    not_understood,
)
from freight.receivers.payload import Payload, list_changed_paths, read_object

# GitHub sends no more commits than these, so what changed in the others is unknown.
MAX_COMMITS = 2048
PING = "ping event received, webhook is configured correctly"
_EVENT = "X-GitHub-Event"
_PACKAGES = {"package": "package", "registry_package": "registry_package"}
_KNOWN = frozenset({"ping", "push", "pull_request", *_PACKAGES})


def read(inbound: Inbound, secret: str, config: Mapping[str, Any]) -> Notice:
    """What GitHub says."""
    event = inbound.header(_EVENT)
    if event not in _KNOWN:
        raise Refused(400, f"event type {event} is not supported")
    check_signature(inbound, "X-Hub-Signature-256", secret)
    payload = read_object(inbound.body)
    if event == "ping":
        return Nothing(PING)
    if event == "push":
        return _read_push(payload)
    if event == "pull_request":
        return _read_pull_request(payload)
    return _read_package(payload, _PACKAGES[event])


def _read_push(payload: Payload) -> Push:
    commits = payload.parts("commits")
    head = payload.part("head_commit")
    files: tuple[str, ...] = ()
    if len(commits) < MAX_COMMITS:
        files = list_changed_paths([*commits, head] if head else commits)
    return Push(
        repo_urls=(payload.text("repository", "clone_url"), payload.text("repository", "ssh_url")),
        qualifiers=(payload.text("ref"),),
        files=files,
        default_branch=payload.text("repository", "default_branch"),
    )


def _read_pull_request(payload: Payload) -> Notice:
    if payload.text("action") != "closed":
        return Nothing()
    return PullRequestClosed(
        url=payload.text("pull_request", "html_url"),
        repo_urls=(payload.text("repository", "clone_url"), payload.text("repository", "ssh_url")),
        number=payload.number("number"),
    )


def _read_package(payload: Payload, key: str) -> Notice:
    if payload.text("action") not in ("published", "updated"):
        return Nothing()
    package = payload.part(key)
    version = package.part("package_version") if package else None
    if package is None or version is None:
        raise not_understood()
    if package.text("package_type").lower() not in ("container", "docker"):
        return Nothing()
    # Sometimes the URL ends with a colon and no tag.
    url = version.text("package_url").removesuffix(":")
    return Push(repo_urls=(url,), qualifiers=(version.text("container_metadata", "tag", "name"),))


SENDER = Sender(
    name="github",
    title="GitHub and GHCR",
    secret_key="secret",  # noqa: S106
    read=read,
    describe=by_header(_EVENT),
    delivery_headers=("X-GitHub-Delivery",),
)
