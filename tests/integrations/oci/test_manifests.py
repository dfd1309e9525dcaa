import json
from datetime import UTC, datetime

import pytest

from integrations.errors import IntegrationError
from integrations.oci.manifests import Platform, parse_platform, read_image
from integrations.oci.references import parse_repository
from integrations.oci.registry import DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, Registry

CREATED = "org.opencontainers.image.created"
BUILD_DATE = "org.label-schema.build-date"
AMD64 = Platform("linux", "amd64")
ARM64V8 = Platform("linux", "arm64", "v8")


def at(day):
    return datetime(2025, 3, day, 12, tzinfo=UTC)


def text(day):
    return f"2025-03-{day:02}T12:00:00Z"


@pytest.fixture
def read(server, client, limits):
    registry = Registry(client, limits=limits)
    repository = parse_repository(f"{server.host}/acme/app")

    def read(tag, platform=None):
        return read_image(registry, repository, tag, platform=platform)

    return read


@pytest.mark.parametrize(
    ("created", "labels", "annotations", "expected"),
    [
        (at(1), {}, {}, at(1)),
        (at(1), {CREATED: text(2)}, {}, at(2)),
        (at(3), {CREATED: text(2)}, {}, at(3)),
        (at(1), {BUILD_DATE: text(4)}, {}, at(4)),
        (at(9), {CREATED: text(9)}, {CREATED: text(5)}, at(5)),
        (at(9), {}, {BUILD_DATE: text(6)}, at(6)),
        (at(9), {}, {CREATED: text(5), BUILD_DATE: text(6)}, at(5)),
        (at(1), {}, {CREATED: "yesterday", BUILD_DATE: text(6)}, at(6)),
        (None, {}, {}, None),
    ],
)
def test_dates_a_single_image(server, read, created, labels, annotations, expected):
    server.push_image("acme/app", "1.0", created=created, labels=labels, annotations=annotations)

    assert read("1.0").created_at == expected


def test_reads_nanoseconds_and_offsets(server, read):
    server.push_image("acme/app", "1.0", annotations={CREATED: "2025-03-01T14:00:00.123456789+02:00"})

    assert read("1.0").created_at == datetime(2025, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


def test_takes_the_platform_of_a_single_image_from_its_config(server, read):
    digest = server.push_image("acme/app", "1.0", platform="linux/arm64/v8", annotations={"team": "blue"})

    image = read("1.0", ARM64V8)

    assert image.tag == "1.0"
    assert image.digest == digest
    assert image.platforms == (ARM64V8,)
    assert image.annotations == {"team": "blue"}
    assert image.explain_mismatch(ARM64V8) is None
    assert image.explain_mismatch(None) is None
    assert image.explain_mismatch(AMD64) == "not built for linux/amd64 (offers linux/arm64/v8)"


def push_index(server, **options):
    amd = server.push_image("acme/app", None, created=at(1))
    arm = server.push_image("acme/app", None, created=at(2), platform="linux/arm64/v8")
    attestation = server.push_image("acme/app", None, created=at(28), platform="unknown/unknown")
    images = {"linux/amd64": amd, "linux/arm64/v8": arm, "unknown/unknown": attestation}
    return server.push_index("acme/app", "1.0", images, **options)


def test_an_index_is_as_new_as_its_newest_real_image(server, read):
    digest = push_index(server)

    image = read("1.0")

    assert image.digest == digest
    assert image.created_at == at(2)
    assert image.platforms == (AMD64, ARM64V8)


def test_index_annotations_date_it_without_looking_at_the_images(server, read):
    push_index(server, annotations={CREATED: text(20)})

    assert read("1.0").created_at == at(20)
    assert server.count() == 1


def test_descriptor_annotations_date_an_image_of_an_index(server, read):
    push_index(server, child_annotations={"linux/amd64": {CREATED: text(15)}})

    assert read("1.0").created_at == at(15)


def test_annotations_of_the_asked_platform_win(server, read):
    push_index(
        server,
        annotations={"a": "index", "b": "index"},
        child_annotations={"linux/amd64": {"b": "amd", "c": "amd"}, "linux/arm64/v8": {"b": "arm"}},
    )

    assert read("1.0").annotations == {"a": "index", "b": "index"}
    assert read("1.0", AMD64).annotations == {"a": "index", "b": "amd", "c": "amd"}
    assert read("1.0", Platform("linux", "s390x")).annotations == {"a": "index", "b": "index"}


def test_the_variant_is_part_of_the_platform(server, read):
    push_index(server)

    assert read("1.0").explain_mismatch(parse_platform("linux/arm64")) is not None
    assert read("1.0").explain_mismatch(parse_platform("linux/arm64/v8")) is None


def test_an_index_of_attestations_only_is_an_error(server, read):
    odd = server.push_image("acme/app", None, platform="unknown/unknown")
    server.push_index("acme/app", "1.0", {"unknown/unknown": odd})

    with pytest.raises(IntegrationError, match="lists no image for any platform"):
        read("1.0")


@pytest.mark.parametrize("body", [b'{"schemaVersion": 1}', b'{"mediaType": "application/x-else"}'])
def test_an_unknown_media_type_is_an_error(server, read, body):
    server.storage.put_manifest("acme/app", body, "application/vnd.docker.distribution.manifest.v1+json", tag="1.0")

    with pytest.raises(IntegrationError, match="neither an image nor an index") as caught:
        read("1.0")

    assert caught.value.permanent


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"not json", OCI_MANIFEST),
        (b"[]", OCI_INDEX),
        (b"{}", OCI_MANIFEST),
        (b'{"config": {"digest": "../../etc"}}', OCI_MANIFEST),
        (b'{"manifests": [1, {"platform": 3}, null]}', OCI_INDEX),
        (b"[" * 100_000, OCI_INDEX),
    ],
)
def test_garbage_is_an_error_of_the_registry_and_not_a_crash(server, read, body, media_type):
    server.storage.put_manifest("acme/app", body, media_type, tag="1.0")

    with pytest.raises(IntegrationError) as caught:
        read("1.0")

    assert caught.value.permanent


def test_reads_docker_manifests(server, read):
    config = json.dumps({"os": "linux", "architecture": "amd64", "created": text(7)}).encode()
    digest = server.storage.put_blob("acme/app", config)
    body = json.dumps({"schemaVersion": 2, "mediaType": DOCKER_MANIFEST, "config": {"digest": digest}}).encode()
    server.storage.put_manifest("acme/app", body, DOCKER_MANIFEST, tag="1.0")

    assert read("1.0").created_at == at(7)
    assert read("1.0").platforms == (AMD64,)


@pytest.mark.parametrize("wrong", ["linux", "linux/", "linux/amd64/v1/x", "linux amd64", ""])
def test_refuses_what_is_no_platform(wrong):
    with pytest.raises(ValueError, match="Write os/architecture"):
        parse_platform(wrong)
