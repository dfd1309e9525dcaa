from dataclasses import replace

import pytest

from integrations.credentials import BasicAuth
from integrations.errors import NotFound, Unauthorized
from integrations.loopback.oci_faults import OciAccess
from integrations.loopback.oci_registry import OciRegistry
from promotions.steps.base import StepErrored, StepFailed
from promotions.steps.oci_push import STEP, Config

LOGIN = BasicAuth("bob", "pass-for-bob")


@pytest.fixture
def source():
    """acme/app:1.0, an image of one blob."""
    with OciRegistry() as registry:
        registry.push_image("acme/app", "1.0")
        yield registry


@pytest.fixture
def target():
    with OciRegistry(access=OciAccess("bearer", LOGIN.username, LOGIN.password)) as registry:
        yield registry


@pytest.fixture
def push(bench, source, target):
    bench.credentials.by_url[f"{target.host}/prod/app"] = LOGIN

    def push(**config):
        whole = {"srcRef": f"{source.host}/acme/app:1.0", "destRef": f"{target.host}/prod/app:1.0-prod", **config}
        return bench.run("oci-push", whole)

    return push


def test_copies_to_another_registry(bench, push, source, target):
    result = push()

    digest = source.storage.find_manifest("acme/app", "1.0")[0]
    assert result.output == {"image": f"{target.host}/prod/app:1.0-prod", "digest": digest, "tag": "1.0-prod"}
    assert target.storage.find_manifest("prod/app", "1.0-prod")[0] == digest
    assert bench.lines[-1] == ("info", f"{target.host}/prod/app:1.0-prod is {digest} now")
    assert push().output == result.output


def test_annotations_change_the_digest(push, source, target):
    result = push(annotations={"approved-by": "alice", "index:x": "1"})

    assert result.output["digest"] != source.storage.find_manifest("acme/app", "1.0")[0]
    assert b'"annotations":{"approved-by":"alice"}' in target.storage.find_manifest("prod/app", "1.0-prod")[2]


def test_charts_have_credentials_of_their_own(bench, push, source, target):
    bench.credentials.by_url.clear()
    bench.credentials.by_url[f"oci://{target.host}/prod/app"] = LOGIN

    result = push(srcRef=f"oci://{source.host}/acme/app:1.0", destRef=f"oci://{target.host}/prod/app:2.0")

    assert result.output["image"] == f"{target.host}/prod/app:2.0"
    with pytest.raises(Unauthorized):
        push()


@pytest.mark.parametrize(
    ("limit", "message"),
    [(0, "not allowed here: KARGOWEB_OCI_PUSH_MAX_BYTES is 0"), (10, "more than the limit of 10")],
)
def test_the_limit_holds_between_repositories(bench, push, source, target, limit, message):
    bench.tools = replace(bench.tools, oci_push_max_bytes=limit)

    with pytest.raises(StepErrored, match=message) as caught:
        push()
    assert caught.value.permanent
    assert target.count() == 0

    push(destRef=f"{source.host}/acme/app:stable")
    assert "stable" in source.storage.find_tags("acme/app")


def test_no_limit_is_minus_one(bench, push):
    bench.tools = replace(bench.tools, oci_push_max_bytes=-1)

    assert push().output["tag"] == "1.0-prod"


def test_a_preview_tells_the_digest_and_sends_nothing(bench, push, source, target):
    config = {
        "srcRef": f"{source.host}/acme/app:1.0",
        "destRef": f"{target.host}/prod/app:1",
        "annotations": {"a": "b"},
    }

    said = STEP.would(bench.context(), Config.model_validate(config))

    assert target.count() == 0
    assert said.message.startswith(f"would push {source.host}/acme/app (sha256:")
    assert push(**config).output == said.output


def test_what_is_not_there_is_not_found(push, source):
    with pytest.raises(NotFound):
        push(srcRef=f"{source.host}/acme/app:9.9")


def test_something_else_than_an_image_ends_the_step_for_good(push, source):
    source.storage.put_manifest("acme/app", b"{}", "application/x-else", tag="odd")

    with pytest.raises(Exception, match="unsupported media type") as caught:
        push(srcRef=f"{source.host}/acme/app:odd")

    assert caught.value.permanent


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"srcRef": "host.example/app@sha256:abc"}, "failed to parse source reference"),
        ({"destRef": "host.example/UPPER:1"}, "failed to parse destination reference"),
        ({"srcRef": "host/app"}, "invalid oci-push config: srcRef: must match"),
        ({"destRef": "host/app@sha256:" + "0" * 64}, "invalid oci-push config: destRef: must match"),
        ({"annotations": {"a": 1}}, "annotations.a: must be a string"),
        ({"annotations": None}, "annotations: must be a map"),
        ({"destRef": ""}, "destRef: must not be empty"),
    ],
)
def test_refuses_a_config_that_breaks_the_rules(push, config, message):
    with pytest.raises(StepFailed, match=message):
        push(**config)
