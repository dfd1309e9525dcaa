"""Our client against the registry of the Docker distribution project, with passwords."""

import hashlib
import json
import shutil
import socket
import subprocess
import time

import httpx
import pytest

from integrations.credentials import BasicAuth
from integrations.errors import NotFound, Unauthorized
from integrations.oci.manifests import Platform, read_image
from integrations.oci.references import parse_repository
from integrations.oci.registry import OCI_MANIFEST, Registry

ALICE = BasicAuth("alice", "s3cret-pass")
CONFIG = """
version: 0.1
log: {{level: error}}
storage: {{filesystem: {{rootdirectory: {root}/data}}}}
http: {{addr: "127.0.0.1:{port}", secret: test}}
auth: {{htpasswd: {{realm: test, path: {root}/htpasswd}}}}
"""


def program(name, package):
    found = shutil.which(name) or shutil.which(name, path="/usr/bin:/usr/sbin")
    if found is None:
        pytest.fail(f"{name} is not installed. Run `make setup`, or install the Debian package {package}.")
    return found


@pytest.fixture(scope="module")
def docker_registry(tmp_path_factory):
    """host:port of a running registry that holds acme/app:1.0.0 and acme/app:2.0.0."""
    binary, htpasswd = program("docker-registry", "docker-registry"), program("htpasswd", "apache2-utils")
    root = tmp_path_factory.mktemp("registry")
    entry = subprocess.run(
        [htpasswd, "-nbB", "-C", "4", ALICE.username, ALICE.password], check=True, capture_output=True
    ).stdout
    (root / "htpasswd").write_bytes(entry)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    (root / "config.yml").write_text(CONFIG.format(root=root, port=port))
    with (root / "log").open("wb") as log:
        process = subprocess.Popen([binary, "serve", root / "config.yml"], stdout=log, stderr=log)
    try:
        wait_until_it_answers(port, process, root / "log")
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", auth=(ALICE.username, ALICE.password)) as web:
            push(web, "1.0.0", created="2025-01-01T00:00:00Z")
            push(web, "2.0.0", created="2025-02-01T00:00:00Z")
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def wait_until_it_answers(port, process, log):
    deadline = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < deadline:
        try:
            httpx.get(f"http://127.0.0.1:{port}/v2/")
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"docker-registry does not answer:\n{log.read_text()}")


def push(web, tag, *, created):
    config = json.dumps({"os": "linux", "architecture": "amd64", "created": created, "rootfs": {}}).encode()
    digest = f"sha256:{hashlib.sha256(config).hexdigest()}"
    session = web.post("/v2/acme/app/blobs/uploads/")
    location = httpx.URL(session.headers["location"]).copy_merge_params({"digest": digest})
    octets = {"content-type": "application/octet-stream"}
    assert web.put(location, content=config, headers=octets).status_code == 201
    descriptor = {
        "mediaType": "application/vnd.oci.image.config.v1+json",
        "digest": digest,
        "size": len(config),
    }
    manifest = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": descriptor, "layers": []}
    answer = web.put(
        f"/v2/acme/app/manifests/{tag}", content=json.dumps(manifest), headers={"content-type": OCI_MANIFEST}
    )
    assert answer.status_code == 201, answer.text


def test_reads_tags_and_images_with_a_password(docker_registry, client):
    registry = Registry(client, ALICE)
    repository = parse_repository(f"{docker_registry}/acme/app")

    assert sorted(registry.list_tags(repository)) == ["1.0.0", "2.0.0"]
    image = read_image(registry, repository, "2.0.0")
    assert image.platforms == (Platform("linux", "amd64"),)
    assert image.created_at.isoformat() == "2025-02-01T00:00:00+00:00"
    assert registry.find_digest(repository, "2.0.0") == image.digest
    assert registry.get_manifest(repository, image.digest).digest == image.digest


def test_a_missing_tag_is_not_found(docker_registry, client):
    with pytest.raises(NotFound):
        Registry(client, ALICE).get_manifest(parse_repository(f"{docker_registry}/acme/app"), "9.9.9")


@pytest.mark.parametrize("credentials", [None, BasicAuth("alice", "wrong")], ids=["none", "wrong"])
def test_strangers_are_unauthorized(docker_registry, client, credentials):
    with pytest.raises(Unauthorized):
        Registry(client, credentials).list_tags(parse_repository(f"{docker_registry}/acme/app"))
