import json
import stat

import pytest

from integrations.credentials import BasicAuth
from integrations.errors import Aborted, IntegrationError, NotFound, Unauthorized
from integrations.loopback.oci_faults import OciAccess
from integrations.loopback.oci_registry import OciRegistry
from promotions.steps.base import Done, StepErrored, StepFailed

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


@pytest.fixture
def registry():
    with OciRegistry() as registry:
        put_artifact(registry, "1.0", [("application/x-first", b"first"), ("application/x-second", b"second")])
        yield registry


def put_artifact(registry, tag, layers, repository="acme/app"):
    rows = [
        {"mediaType": kind, "digest": registry.storage.put_blob(repository, body), "size": len(body)}
        for kind, body in layers
    ]
    document = {"schemaVersion": 2, "mediaType": MANIFEST, "layers": rows}
    return registry.storage.put_manifest(repository, json.dumps(document).encode(), MANIFEST, tag=tag)


@pytest.fixture
def download(bench, registry):
    def download(name="acme/app:1.0", **config):
        return bench.run("oci-download", {"imageRef": f"{registry.host}/{name}", "outPath": "out/layer", **config})

    return download


def test_stores_the_first_layer(bench, download):
    assert download() == Done()

    assert bench.read("out/layer") == "first"
    assert stat.S_IMODE((bench.workdir / "out/layer").stat().st_mode) == 0o600


def test_stores_the_first_layer_of_a_type(bench, download):
    download(mediaType="application/x-second")

    assert bench.read("out/layer") == "second"


def test_takes_a_digest_too(bench, download, registry):
    digest = put_artifact(registry, None, [("application/x-a", b"by digest")])

    download(f"acme/app@{digest}")

    assert bench.read("out/layer") == "by digest"


def test_takes_linux_on_amd64_of_an_index(bench, download, registry):
    arm = put_artifact(registry, None, [("a", b"arm")])
    amd = put_artifact(registry, None, [("a", b"amd")])
    registry.push_index("acme/app", "multi", {"linux/arm64": arm, "linux/amd64": amd})
    registry.push_index("acme/app", "arm", {"linux/arm64": arm})

    download("acme/app:multi")

    assert bench.read("out/layer") == "amd"
    with pytest.raises(StepErrored, match="has no image for linux/amd64"):
        download("acme/app:arm", allowOverwrite=True)


@pytest.mark.parametrize("prefix", ["", "oci://"])
def test_signs_in_with_the_credentials_of_its_kind(bench, prefix):
    with OciRegistry(access=OciAccess("bearer", "bob", "pass-for-bob")) as registry:
        put_artifact(registry, "1.0", [("a", b"guarded")])
        config = {"imageRef": f"{prefix}{registry.host}/acme/app:1.0", "outPath": "out"}
        with pytest.raises(Unauthorized):
            bench.run("oci-download", config)
        bench.credentials.by_url[f"{prefix}{registry.host}/acme/app"] = BasicAuth("bob", "pass-for-bob")

        assert bench.run("oci-download", config) == Done()
        assert bench.read("out") == "guarded"


def test_a_file_that_is_there_stays_unless_it_may_be_replaced(bench, download, registry):
    bench.write("out/layer", "old")

    with pytest.raises(StepErrored, match="file already exists at out/layer") as caught:
        download()
    assert caught.value.permanent
    assert (bench.read("out/layer"), registry.count()) == ("old", 0)

    download(allowOverwrite=True)
    assert bench.read("out/layer") == "first"


def test_a_layer_over_the_limit_ends_the_step_for_good(download, registry):
    document = {"mediaType": MANIFEST, "layers": [{"digest": "sha256:" + "0" * 64, "size": 100 * 1024**2 + 1}]}
    registry.storage.put_manifest("acme/app", json.dumps(document).encode(), MANIFEST, tag="big")

    with pytest.raises(StepErrored, match="exceeds maximum allowed size of 104857600 bytes") as caught:
        download("acme/app:big")

    assert caught.value.permanent


@pytest.mark.parametrize(
    ("name", "config", "message"),
    [
        ("acme/app:1.0", {"mediaType": "application/x-third"}, "no layer found with media type .*x-first"),
        ("acme/app:empty", {}, "has no layers"),
    ],
)
def test_a_missing_layer_is_an_error_that_counts(download, registry, name, config, message):
    put_artifact(registry, "empty", [])

    with pytest.raises(StepErrored, match=message) as caught:
        download(name, **config)

    assert not caught.value.permanent


def test_a_missing_tag_is_not_found(bench, download):
    with pytest.raises(NotFound):
        download("acme/app:9.9")

    assert bench.files() == []


def test_content_with_a_wrong_digest_is_not_stored(bench, download, registry):
    registry.faults.wrong_digest = True

    with pytest.raises(IntegrationError, match="other content"):
        download()

    assert bench.files() == []


def test_an_abort_ends_the_download(bench, download):
    bench.should_stop = lambda: True

    with pytest.raises(Aborted):
        download()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"imageRef": "host/app"}, "imageRef: must match"),
        ({"imageRef": "http://host/app:1"}, "imageRef: must match"),
        ({"imageRef": ""}, "imageRef: must not be empty"),
        ({"mediaType": ""}, "mediaType: must not be empty"),
        ({"outPath": ""}, "outPath: must not be empty"),
        ({"tag": "1"}, "unknown field"),
    ],
)
def test_refuses_a_config_that_breaks_the_rules(bench, config, message):
    with pytest.raises(StepFailed, match=f"invalid oci-download config: .*{message}"):
        bench.run("oci-download", {"imageRef": "host/app:1", "outPath": "o", **config})


def test_a_reference_that_is_none_is_an_error_that_counts(bench):
    with pytest.raises(StepErrored, match="not an image reference") as caught:
        bench.run("oci-download", {"imageRef": "host/app@sha256:abc", "outPath": "o"})

    assert not caught.value.permanent
