import io
import json
from pathlib import Path

import pytest

from integrations.credentials import BasicAuth
from integrations.errors import Aborted, IntegrationError, NotFound, Unauthorized, Unreachable
from integrations.loopback.oci_faults import OciAccess
from integrations.loopback.oci_registry import OciRegistry
from integrations.oci.copying import Annotations, UnsupportedArtifact, carry_out, plan_copy, split_annotations
from integrations.oci.pushing import Pusher
from integrations.oci.references import parse_repository
from integrations.oci.registry import OCI_MANIFEST, Registry, compute_digest
from tests.servers.docker_registry import ALICE, DockerRegistry

NONE = Annotations()


@pytest.fixture(scope="module")
def docker_registry(tmp_path_factory):
    with DockerRegistry(tmp_path_factory.mktemp("docker-registry")) as running:
        yield running


@pytest.fixture
def copy(client, limits, tmp_path):
    """Copy between repositories given as text; logins by host."""

    def copy(source, reference, target, tag, annotations=NONE, logins=None, should_stop=lambda: False, **options):
        source, target = parse_repository(source), parse_repository(target)
        logins = logins or {}
        registry = Registry(client, logins.get(source.host), limits=limits)
        plan = plan_copy(registry, source, reference, annotations)
        pusher = Pusher(client, logins.get(target.host), limits=limits, **options)
        lines = []
        carry_out(plan, registry, pusher, target, tag, scratch=tmp_path, log=lines.append, should_stop=should_stop)
        return plan, lines

    return copy


def push_with_layers(server, repository, tag, *layers, annotations=None):
    """An image with layers; its blobs are there."""
    config = b'{"os": "linux", "architecture": "amd64"}'
    blobs = [("application/vnd.oci.image.config.v1+json", config)]
    blobs += [("application/vnd.oci.image.layer.v1.tar+gzip", layer) for layer in layers]
    rows = [
        {"mediaType": kind, "digest": server.storage.put_blob(repository, body), "size": len(body)}
        for kind, body in blobs
    ]
    document = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": rows[0], "layers": rows[1:]}
    if annotations:
        document["annotations"] = annotations
    return server.storage.put_manifest(repository, json.dumps(document).encode(), OCI_MANIFEST, tag=tag)


def read_back(server, repository, reference):
    digest, _, body = server.storage.find_manifest(repository, reference)
    return digest, json.loads(body)


def test_copies_an_image_with_all_its_blobs(server, copy):
    digest = push_with_layers(server, "acme/app", "1.0", b"one", b"two", b"two")

    with OciRegistry() as other:
        plan, lines = copy(f"{server.host}/acme/app", "1.0", f"{other.host}/prod/app", "stable")

        assert plan.digest == digest
        assert plan.size_bytes == len(b"one" + b"two") + 40
        assert other.storage.find_tags("prod/app") == ["stable"]
        copied, document = read_back(other, "prod/app", "stable")
        assert copied == digest
        stored = [other.storage.find_blob("prod/app", row["digest"]) for row in document["layers"]]
        assert stored == [b"one", b"two", b"two"]
        assert len(lines) == 3

        _, lines = copy(f"{server.host}/acme/app", digest, f"{other.host}/prod/app", "stable")
        assert lines == []


def test_copies_an_index_with_all_its_images(server, copy):
    amd = push_with_layers(server, "acme/app", None, b"amd")
    arm = push_with_layers(server, "acme/app", None, b"arm")
    digest = server.push_index("acme/app", "1.0", {"linux/amd64": amd, "linux/arm64": arm})

    with OciRegistry() as other:
        copy(f"{server.host}/acme/app", "1.0", f"{other.host}/prod/app", "1.0")

        assert read_back(other, "prod/app", "1.0")[0] == digest
        assert read_back(other, "prod/app", arm)[0] == arm


def test_annotations_of_an_index_and_of_its_images_give_new_digests(server, copy):
    amd = push_with_layers(server, "acme/app", None, b"amd", annotations={"kept": "1", "a": "old"})
    note = server.push_image("acme/app", None, platform="unknown/unknown")
    server.push_index(
        "acme/app",
        "1.0",
        {"linux/amd64": amd, "unknown/unknown": note},
        annotations={"top": "1"},
        child_annotations={"unknown/unknown": {"vnd.docker.reference.digest": amd}},
    )
    annotations = split_annotations({"a": "new", "manifest:b": "2", "index:c": "3"})

    plan, _ = copy(f"{server.host}/acme/app", "1.0", f"{server.host}/acme/app", "1.0-prod", annotations)

    digest, index = read_back(server, "acme/app", "1.0-prod")
    assert digest == plan.digest
    assert index["annotations"] == {"top": "1", "c": "3"}
    _, child = read_back(server, "acme/app", index["manifests"][0]["digest"])
    assert child["annotations"] == {"kept": "1", "a": "new", "b": "2"}
    assert index["manifests"][1]["annotations"]["vnd.docker.reference.digest"] == index["manifests"][0]["digest"]
    assert read_back(server, "acme/app", "1.0")[1]["annotations"] == {"top": "1"}


def test_annotations_for_an_index_mean_nothing_to_an_image(server, copy):
    digest = push_with_layers(server, "acme/app", "1.0", b"one")

    plan, _ = copy(
        f"{server.host}/acme/app", "1.0", f"{server.host}/acme/app", "2.0", split_annotations({"index:a": "1"})
    )

    assert plan.digest == digest


def test_a_tag_in_the_same_repository_moves_no_blob(server, copy):
    push_with_layers(server, "acme/app", "1.0", b"one")
    before = server.count("blobs")

    copy(f"{server.host}/acme/app", "1.0", f"{server.host}/acme/app", "stable")

    assert server.storage.find_tags("acme/app") == ["1.0", "stable"]
    assert (server.count("blobs"), server.count("uploads")) == (before, 0)


def test_goes_on_where_the_registry_stumbles(server, copy):
    push_with_layers(server, "acme/app", "1.0", b"one")

    with OciRegistry() as other:
        other.faults.statuses = [503, 502]
        copy(f"{server.host}/acme/app", "1.0", f"{other.host}/prod/app", "a")
        assert other.storage.find_tags("prod/app") == ["a"]


def test_an_upload_that_breaks_is_begun_again(server, client, limits):
    repository = parse_repository(f"{server.host}/acme/app")
    pusher = Pusher(client, limits=limits)
    digest = compute_digest(b"content")
    server.faults.statuses = [502, 404]

    pusher.upload_blob(repository, digest, io.BytesIO(b"content"), 7)

    assert server.storage.find_blob("acme/app", digest) == b"content"


def test_a_registry_that_stays_in_trouble_is_unreachable(server, client, limits):
    server.faults.statuses = [503] * 30

    with pytest.raises(Unreachable):
        Pusher(client, limits=limits).upload_blob(
            parse_repository(f"{server.host}/acme/app"), compute_digest(b"a"), io.BytesIO(b"a"), 1
        )


def test_a_registry_that_takes_other_content_is_caught(server, client, limits):
    repository = parse_repository(f"{server.host}/acme/app")

    with pytest.raises(IntegrationError, match="400"):
        Pusher(client, limits=limits).upload_blob(repository, compute_digest(b"a"), io.BytesIO(b"b"), 1)


def test_content_with_a_wrong_digest_is_not_passed_on(server, copy):
    push_with_layers(server, "acme/app", "1.0", b"one")
    _, document = read_back(server, "acme/app", "1.0")
    document["layers"][0]["size"] = 4
    server.storage.put_manifest("acme/app", json.dumps(document).encode(), OCI_MANIFEST, tag="1.0")

    with OciRegistry() as other:
        copy(f"{server.host}/acme/app", "1.0", f"{other.host}/prod/app", "1.0")
        server.faults.wrong_digest = True
        with pytest.raises(IntegrationError, match="other content"):
            copy(f"{server.host}/acme/app", "1.0", f"{other.host}/prod/other", "1.0")
        assert other.storage.find_tags("prod/other") is None


def test_a_blob_larger_than_its_manifest_says_is_not_taken(server, copy):
    push_with_layers(server, "acme/app", "1.0", b"much more than that")
    _, document = read_back(server, "acme/app", "1.0")
    document["layers"][0]["size"] = 3
    server.storage.put_manifest("acme/app", json.dumps(document).encode(), OCI_MANIFEST, tag="1.0")

    with OciRegistry() as other, pytest.raises(IntegrationError, match="larger than 3 bytes"):
        copy(f"{server.host}/acme/app", "1.0", f"{other.host}/prod/app", "1.0")


def test_signs_in_for_pushing_with_a_token(server, copy):
    push_with_layers(server, "acme/app", "1.0", b"one")
    access = OciAccess("bearer", "bob", "pass-for-bob")

    with OciRegistry(access=access) as other:
        logins = {other.host: BasicAuth("bob", "pass-for-bob")}
        copy(f"{server.host}/acme/app", "1.0", f"{other.host}/prod/app", "1.0", logins=logins)
        assert other.storage.find_tags("prod/app") == ["1.0"]
        with pytest.raises(Unauthorized):
            copy(f"{server.host}/acme/app", "1.0", f"{other.host}/prod/app", "2.0")


def test_an_abort_stops_between_two_blobs(server, copy):
    push_with_layers(server, "acme/app", "1.0", b"one")

    with pytest.raises(Aborted):
        copy(f"{server.host}/acme/app", "1.0", f"{server.host}/prod/app", "1.0", should_stop=lambda: True)


@pytest.mark.parametrize(
    ("document", "error", "message"),
    [
        ({"mediaType": "application/x-else"}, UnsupportedArtifact, "unsupported media type"),
        ({"mediaType": OCI_MANIFEST, "layers": [{"digest": "../x"}]}, IntegrationError, "no digest"),
        (
            {"mediaType": OCI_MANIFEST, "layers": [{"digest": "sha256:" + "0" * 64}]},
            IntegrationError,
            "without its size",
        ),
        (
            {
                "mediaType": "application/vnd.oci.image.index.v1+json",
                "manifests": [{"digest": "sha256:" + "0" * 64}],
            },
            NotFound,
            "404",
        ),
    ],
)
def test_what_cannot_be_copied_is_refused_before_anything_is_sent(server, copy, document, error, message):
    server.storage.put_manifest("acme/app", json.dumps(document).encode(), document["mediaType"], tag="1.0")

    with OciRegistry() as other:
        with pytest.raises(error, match=message) as caught:
            copy(f"{server.host}/acme/app", "1.0", f"{other.host}/prod/app", "1.0")
        assert other.count() == 0
    assert caught.value.permanent


def test_layers_that_must_not_be_distributed_stay_where_they_are(server, copy):
    push_with_layers(server, "acme/app", "1.0", b"one")
    _, document = read_back(server, "acme/app", "1.0")
    document["layers"][0] |= {"mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"}
    server.storage.put_manifest("acme/app", json.dumps(document).encode(), OCI_MANIFEST, tag="1.0")

    with OciRegistry() as other:
        plan, _ = copy(f"{server.host}/acme/app", "1.0", f"{other.host}/prod/app", "1.0")

    assert [blob.size_bytes for blob in plan.blobs] == [40]


def test_the_real_registry_takes_chunks_mounts_and_tags(
    server, copy, docker_registry, client, limits, tmp_path: Path
):
    layer = bytes(range(256)) * 1000
    digest = push_with_layers(server, "acme/app", "1.0", layer, b"small")
    logins = {docker_registry.host: ALICE}

    _, lines = copy(
        f"{server.host}/acme/app",
        "1.0",
        f"{docker_registry.host}/acme/app",
        "1.0",
        logins=logins,
        chunk_bytes=100_000,
    )
    assert len(lines) == 3
    _, mounted = copy(
        f"{docker_registry.host}/acme/app", "1.0", f"{docker_registry.host}/prod/app", "stable", logins=logins
    )
    assert mounted == []

    registry = Registry(client, ALICE, limits=limits)
    copied = parse_repository(f"{docker_registry.host}/prod/app")
    assert registry.get_manifest(copied, "stable").digest == digest
    assert registry.get_blob(copied, compute_digest(layer)) == layer
