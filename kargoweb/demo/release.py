"""A new release of the demo's app: an image and a commit, pushed like anybody's."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

from integrations.git.identity import Identity
from integrations.http import HttpClient, HttpPolicy
from integrations.loopback.git_repositories import GitRepositories
from integrations.oci.references import parse_repository
from integrations.oci.registry import Registry
from kargoweb.demo import content
from kargoweb.demo.environment import demo_dir, read_ports

_MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
_CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"


def make_release(data_dir: Path) -> str:
    """Commit a change, push an image with the next tag; returns the tag."""
    registry = f"127.0.0.1:{read_ports(data_dir)['registry']}"
    with HttpClient(HttpPolicy(allow_loopback=True), "kargoweb-demo") as client:
        tags = Registry(client, None).list_tags(parse_repository(f"{registry}/{content.IMAGE}"))
        number = len(tags)
        tag = f"1.{1 + number // 3}.{number % 3}"
        revision = _commit(data_dir, number, tag)
        _push_image(client, f"http://{registry}/v2/{content.IMAGE}", tag, revision)
    return tag


def _commit(data_dir: Path, number: int, tag: str) -> str:
    subject = content.SUBJECTS[number % len(content.SUBJECTS)]
    author = Identity(*content.AUTHORS[number % len(content.AUTHORS)])
    notes = {"env/CHANGES.md": f"# {tag}\n\n{subject}\n"}
    return GitRepositories(demo_dir(data_dir) / "git").commit(content.CONFIG, notes, subject, author=author)


def _push_image(client: HttpClient, repository: str, tag: str, revision: str) -> None:
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    config = json.dumps({"os": "linux", "architecture": "amd64", "created": now, "config": {}}).encode()
    digest = f"sha256:{hashlib.sha256(config).hexdigest()}"
    client.request(
        "POST",
        f"{repository}/blobs/uploads/?digest={digest}",
        content=config,
        headers={"Content-Type": "application/octet-stream"},
    ).raise_for_status("the registry to take a blob")
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST_TYPE,
        "config": {"mediaType": _CONFIG_TYPE, "digest": digest, "size": len(config)},
        "layers": [],
        "annotations": {
            "org.opencontainers.image.created": now,
            "org.opencontainers.image.revision": revision,
            "org.opencontainers.image.version": tag,
        },
    }
    client.request(
        "PUT",
        f"{repository}/manifests/{tag}",
        content=json.dumps(manifest).encode(),
        headers={"Content-Type": _MANIFEST_TYPE},
    ).raise_for_status("the registry to take a manifest")
