from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from freight.subscriptions.base import SubscriptionUnusable
from freight.subscriptions.image import SUBSCRIPTION, discover
from integrations.credentials import BasicAuth
from integrations.errors import Aborted, IntegrationError, NotFound, Unauthorized
from integrations.http_policy import HttpPolicy
from integrations.loopback.oci_faults import OciAccess
from integrations.loopback.oci_registry import OciRegistry
from integrations.oci.rate import Visit

BUILT = datetime(2025, 1, 1, tzinfo=UTC)


def push(oci, *tags, repository="app", **fields):
    """Push an image for each tag, each an hour younger than the one before."""
    return [
        oci.push_image(repository, tag, created=BUILT + timedelta(hours=number), **fields)
        for number, tag in enumerate(tags)
    ]


def look(oci, around, **rules):
    return discover({"repoURL": f"{oci.host}/app", **rules}, around)


def tags(discovery):
    return [item["tag"] for item in discovery.found]


@pytest.mark.parametrize(
    ("rules", "taken"),
    [
        pytest.param({}, ["1.10.0", "1.9.0"], id="semver by default"),
        pytest.param({"strictSemvers": False}, ["2", "1.10.0", "1.9.0"], id="loose semver"),
        pytest.param({"constraint": "~1.9"}, ["1.9.0"], id="constraint"),
        pytest.param({"discoveryLimit": 1}, ["1.10.0"], id="discovery limit"),
        pytest.param({"imageSelectionStrategy": "Lexical"}, ["nightly", "2", "1.9.0", "1.10.0"], id="lexical"),
        pytest.param(
            {"imageSelectionStrategy": "NewestBuild"}, ["1.9.0", "nightly", "2", "1.10.0"], id="newest build"
        ),
        pytest.param(
            {"imageSelectionStrategy": "NewestBuild", "discoveryLimit": 2}, ["1.9.0", "nightly"], id="newest two"
        ),
        pytest.param(
            {"imageSelectionStrategy": "Lexical", "allowTagsRegexes": ["[.]"], "ignoreTagsRegexes": ["10"]},
            ["1.9.0"],
            id="tag filters",
        ),
        pytest.param({"imageSelectionStrategy": "Digest", "constraint": "nightly"}, ["nightly"], id="digest"),
        pytest.param({"imageSelectionStrategy": "Digest", "constraint": "gone"}, [], id="digest of no tag"),
    ],
)
def test_takes_tags_by_each_strategy(oci, around, rules, taken):
    push(oci, "1.10.0", "2", "nightly", "1.9.0")

    assert tags(look(oci, around, **rules)) == taken


def test_records_what_kargo_records(oci, around):
    (digest,) = push(oci, "1.0.0", annotations={"org.opencontainers.image.revision": "abc"})

    found = look(oci, around).found

    assert found == (
        {
            "tag": "1.0.0",
            "digest": digest,
            "annotations": {"org.opencontainers.image.revision": "abc"},
            "createdAt": "2025-01-01T00:00:00Z",
        },
    )
    draft = SUBSCRIPTION.draft({"repoURL": f"{oci.host}/app"}, "front", found[0])
    assert (draft.tag, draft.digest, draft.subscription_name) == ("1.0.0", digest, "front")
    assert draft.version_id == f"1.0.0@{digest}"


def test_says_why_it_left_tags_out(oci, around):
    push(oci, "1.0.0", "1.1.0")
    oci.push_image("app", "2.0.0", platform="linux/arm64")
    push(oci, "nightly")

    found = look(oci, around, platform="linux/amd64", discoveryLimit=1)

    assert tags(found) == ["1.1.0"]
    assert found.ignored == (
        ("2.0.0", "not built for linux/amd64 (offers linux/arm64)"),
        ("nightly", "not a semantic version"),
        ("1.0.0", "lower than the first 1 (discovery limit)"),
    )


def test_looks_at_known_digests_by_one_small_request_each(oci, around):
    push(oci, "1.0.0", "1.1.0", annotations={"test": "small requests"})
    look(oci, around)
    blobs = oci.count("blobs")

    assert tags(look(oci, around)) == ["1.1.0", "1.0.0"]
    assert oci.count("blobs") == blobs


def test_sees_that_a_tag_moved(oci, around, again):
    (old,) = push(oci, "1.0.0", labels={"build": "1"})
    first = look(oci, around)
    (new,) = push(oci, "1.0.0", labels={"build": "2"})

    second = look(oci, again(first))

    assert [item["digest"] for item in (*first.found, *second.found)] == [old, new]


def test_cache_by_tag_trusts_tags_that_are_known(oci, around, again):
    push(oci, "1.0.0", labels={"build": "1"})
    first = look(oci, around, cacheByTag=True)
    push(oci, "1.0.0", labels={"build": "2"})
    manifests = oci.count("manifests")

    second = look(oci, again(first), cacheByTag=True)

    assert second.found == first.found
    assert oci.count("manifests") == manifests


def test_presents_the_credential(around):
    access = OciAccess(mode="bearer", username="bot", password="right")
    with OciRegistry(access=access) as oci:
        push(oci, "1.0.0")

        assert tags(look(oci, replace(around, credentials=BasicAuth("bot", "right")))) == ["1.0.0"]
        with pytest.raises(Unauthorized):
            look(oci, replace(around, credentials=BasicAuth("bot", "wrong")))


def test_a_repository_that_is_not_there_is_an_error(oci, around):
    with pytest.raises(NotFound):
        look(oci, around)


def test_private_addresses_need_permission(oci, around):
    push(oci, "1.0.0")

    with pytest.raises(IntegrationError, match="address"):
        look(oci, replace(around, policy=HttpPolicy()))
    assert oci.count() == 0


def test_stops_when_asked(oci, around):
    push(oci, "1.0.0")

    def stop():
        raise Aborted("stopped")

    with pytest.raises(Aborted):
        look(oci, replace(around, visit=Visit("alpha", stop)))


@pytest.mark.parametrize(
    ("rules", "problem"),
    [
        ({"allowTags": "^v"}, r"allowTagsRegexes: \['\^v'\]"),
        ({"ignoreTags": ["latest"]}, "ignoreTagsRegexes"),
        ({"imageSelectionStrategy": "Oldest"}, '"Oldest" does not exist'),
        ({"imageSelectionStrategy": "Digest"}, "needs the tag to follow"),
        ({"platform": "amd64"}, "is not a platform"),
    ],
)
def test_rules_that_cannot_be_used_say_so(oci, around, rules, problem):
    push(oci, "1.0.0")

    with pytest.raises(SubscriptionUnusable, match=problem):
        look(oci, around, **rules)
