"""azure: pushes and pull requests of Azure DevOps, pushes to Azure Container Registry.

Neither signs what it sends: the secret address is all there is.
Source: Kargo docs "Azure Webhook Receiver", code `pkg/webhook/external/azure.go`.
"""

from collections.abc import Mapping
from typing import Any

from freight.receivers.base import Inbound, Nothing, Notice, PullRequestClosed, Push, Refused, Sender
from freight.receivers.github import PING
from freight.receivers.payload import peek, read_object

_UNKNOWN = "request does not appear to have originated from a supported service"


def read(inbound: Inbound, secret: str, config: Mapping[str, Any]) -> Notice:
    """What Azure says; the user agent tells which of the two services speaks."""
    agent = inbound.header("User-Agent")
    if agent.startswith("AzureContainerRegistry"):
        return _read_registry(inbound)
    if agent.startswith("VSServices"):
        return _read_devops(inbound)
    raise Refused(400, _UNKNOWN)


def _read_registry(inbound: Inbound) -> Notice:
    payload = read_object(inbound.body)
    action = payload.text("action")
    if action == "ping":
        return Nothing(PING)
    if action != "push":
        raise Refused(400, f"event type {action} is not supported")
    repository = f"{payload.text('request', 'host')}/{payload.text('target', 'repository')}"
    return Push(repo_urls=(repository,), qualifiers=(payload.text("target", "tag"),))


def _read_devops(inbound: Inbound) -> Notice:
    payload = read_object(inbound.body)
    repo_urls = (payload.text("resource", "repository", "remoteUrl"),)
    event = payload.text("eventType")
    if event == "git.push":
        updates = payload.parts("resource", "refUpdates")
        branch = payload.text("resource", "repository", "defaultBranch").removeprefix("refs/heads/")
        return Push(repo_urls, qualifiers=tuple(item.text("name") for item in updates), default_branch=branch)
    if event == "git.pullrequest.updated" and payload.text("resource", "status") != "abandoned":
        return Nothing()
    if event in ("git.pullrequest.merged", "git.pullrequest.updated"):
        return PullRequestClosed(repo_urls=repo_urls, number=payload.number("resource", "pullRequestId"))
    raise Refused(400, f"event type {event} is not supported")


SENDER = Sender(
    name="azure",
    title="Azure DevOps and ACR",
    secret_key="secret",  # noqa: S106
    read=read,
    describe=lambda inbound: peek(inbound.body, "eventType", "action"),
    is_open=True,
)
