"""dockerhub: pushes to Docker Hub, which signs nothing: the secret address is all there is.

Source: Kargo docs "Docker Hub Webhook Receiver", code `pkg/webhook/external/dockerhub.go`.
"""

from collections.abc import Mapping
from typing import Any

from freight.receivers.base import Inbound, Notice, Push, Sender
from freight.receivers.payload import read_object


def read(inbound: Inbound, secret: str, config: Mapping[str, Any]) -> Notice:
    """Docker Hub tells of pushes only."""
    payload = read_object(inbound.body)
    return Push(
        repo_urls=(payload.text("repository", "repo_name"),),
        qualifiers=(payload.text("push_data", "tag"),),
    )


SENDER = Sender(
    name="dockerhub",
    title="Docker Hub",
    secret_key="secret",  # noqa: S106
    read=read,
    describe=lambda _: "push",
    is_open=True,
)
