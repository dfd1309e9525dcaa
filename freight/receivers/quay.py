"""quay: pushes to Quay, which signs nothing: the secret address is all there is.

Source: Kargo docs "Quay Webhook Receiver", code `pkg/webhook/external/quay.go`.
"""

from collections.abc import Mapping
from typing import Any

from freight.receivers.base import Inbound, Notice, Push, Sender
from freight.receivers.payload import read_object


def read(inbound: Inbound, secret: str, config: Mapping[str, Any]) -> Notice:
    """Quay tells of pushes only."""
    payload = read_object(inbound.body)
    return Push(repo_urls=(payload.text("docker_url"),), qualifiers=tuple(payload.texts("updated_tags")))


SENDER = Sender(
    name="quay",
    title="Quay",
    secret_key="secret",  # noqa: S106
    read=read,
    describe=lambda _: "push",
    is_open=True,
)
