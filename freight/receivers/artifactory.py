"""artifactory: pushes of images and charts to JFrog Artifactory.

Source: Kargo docs "Artifactory Webhook Receiver", code `pkg/webhook/external/artifactory.go`.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from freight.receivers.base import Inbound, Notice, Push, Refused, Sender, check_plain_signature, not_understood
from freight.receivers.payload import peek, read_object


def read(inbound: Inbound, secret: str, config: Mapping[str, Any]) -> Notice:
    """What Artifactory says."""
    check_plain_signature(inbound, "X-JFrog-Event-Auth", secret)
    payload = read_object(inbound.body)
    path, repository = payload.text("data", "path"), payload.text("data", "repo_key")
    kind, tag = payload.text("data", "image_type"), payload.text("data", "tag")
    origin = payload.text("jpd_origin")
    if payload.text("event_type") != "pushed" or payload.text("domain") != "docker":
        raise Refused(501, "event type must be 'pushed' and domain must be 'docker'")
    if kind not in ("docker", "oci"):
        raise Refused(501, f'unsupported image type "{kind}"')
    sections = path.split("/")
    if len(sections) < 2:
        raise Refused(400, "invalid path")
    # The path ends with the tag and manifest.json.
    parts = (_host_of(origin), config.get("virtualRepoName") or repository, *sections[:-2])
    return Push(repo_urls=("/".join(parts),), qualifiers=(tag,))


def _host_of(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.rpartition("@")[2]
    except ValueError:
        raise not_understood() from None


SENDER = Sender(
    name="artifactory",
    title="Artifactory",
    secret_key="secret-token",  # noqa: S106
    read=read,
    describe=lambda inbound: peek(inbound.body, "event_type"),
)
