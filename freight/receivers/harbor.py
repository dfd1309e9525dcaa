"""harbor: pushes to Harbor, in its default format of payloads (not CloudEvents).

Source: Kargo docs "Harbor Webhook Receiver", code `pkg/webhook/external/harbor.go`.
"""

from collections.abc import Mapping
from typing import Any

from freight.receivers.base import Inbound, Notice, Push, Refused, Sender, is_secret
from freight.receivers.payload import peek, read_object


def read(inbound: Inbound, secret: str, config: Mapping[str, Any]) -> Notice:
    """What Harbor says; it sends the text of its "Auth Header" with everything."""
    if not inbound.is_trusted:
        given = inbound.header("Authorization")
        if not given:
            raise Refused(401, "missing authorization")
        if not is_secret(given, secret):
            raise Refused(401, "unauthorized")
    payload = read_object(inbound.body)
    resources = payload.parts("event_data", "resources")
    tags = tuple(resource.text("tag") for resource in resources)
    if payload.text("type") != "PUSH_ARTIFACT":
        raise Refused(400, "unsupported event type")
    # All resources of one event are tags of one repository.
    return Push(repo_urls=tuple(resource.text("resource_url") for resource in resources[:1]), qualifiers=tags)


SENDER = Sender(
    name="harbor",
    title="Harbor",
    secret_key="auth-header",  # noqa: S106
    read=read,
    describe=lambda inbound: peek(inbound.body, "type"),
)
