"""How many requests a look costs, and what it may trust."""

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from freight.subscriptions import shelf
from freight.subscriptions.base import SubscriptionUnusable
from freight.subscriptions.image import discover
from freight.subscriptions.memory import ShortMemory
from integrations.errors import NotFound, TimedOut
from integrations.http import HttpClient
from integrations.oci.rate import HostRateLimits, Visit
from integrations.oci.references import parse_repository
from integrations.oci.registry import Registry

BUILT = datetime(2025, 1, 1, tzinfo=UTC)


def push(oci, *tags, **fields):
    """Push an image for each tag, each an hour younger than the one before."""
    for number, tag in enumerate(tags):
        oci.push_image("app", tag, created=BUILT + timedelta(hours=number), **fields)


def look(oci, around, **rules):
    return discover({"repoURL": f"{oci.host}/app", **rules}, around)


def tags(discovery):
    return [item["tag"] for item in discovery.found]


def counted(oci, work):
    """What the work gave, and the requests it made: {"manifests": 3, ...}."""
    kinds = ("tags", "manifests", "blobs")
    before = {kind: oci.count(kind) for kind in kinds}
    result = work()
    return result, {kind: oci.count(kind) - before[kind] for kind in kinds}


def test_newest_build_asks_twice_for_a_new_tag_and_once_for_a_known_one(oci, around):
    push(oci, "a", "b", "c")
    cold, first = counted(oci, lambda: look(oci, around, imageSelectionStrategy="NewestBuild"))
    warm, second = counted(oci, lambda: look(oci, around, imageSelectionStrategy="NewestBuild"))

    assert tags(cold) == tags(warm) == ["c", "b", "a"]
    assert first == {"tags": 1, "manifests": 3, "blobs": 3}
    assert second == {"tags": 1, "manifests": 3, "blobs": 0}


def test_cache_by_tag_asks_for_new_tags_only(oci, around):
    push(oci, "a", "b")
    look(oci, around, imageSelectionStrategy="NewestBuild", cacheByTag=True)
    oci.push_image("app", "c", created=BUILT + timedelta(days=1))
    found, requests = counted(oci, lambda: look(oci, around, imageSelectionStrategy="NewestBuild", cacheByTag=True))

    assert tags(found) == ["c", "b", "a"]
    assert requests == {"tags": 1, "manifests": 1, "blobs": 1}


def test_the_platform_may_change_without_a_further_look(oci, around):
    children = {
        name: oci.push_image("app", None, platform=name, created=BUILT) for name in ("linux/amd64", "linux/arm64")
    }
    oci.push_index("app", "1.0.0", children, child_annotations={"linux/arm64": {"tuned": "yes"}})
    look(oci, around)
    arm, requests = counted(oci, lambda: look(oci, around, platform="linux/arm64"))

    assert arm.found[0]["annotations"] == {"tuned": "yes"}
    assert requests == {"tags": 1, "manifests": 1, "blobs": 0}
    assert look(oci, around, platform="linux/s390x").ignored == (
        ("1.0.0", "not built for linux/s390x (offers linux/amd64, linux/arm64)"),
    )


@pytest.mark.parametrize(
    ("policy", "rules", "requests"),
    [
        ("Allow", {}, 1),
        ("Allow", {"cacheByTag": True}, 0),
        ("Forbid", {"cacheByTag": True}, 1),
        ("Force", {}, 0),
        ("Require", {"cacheByTag": True}, 0),
        ("Force", {"imageSelectionStrategy": "Digest", "constraint": "1.0.0"}, 1),
        ("Require", {"imageSelectionStrategy": "Digest", "constraint": "1.0.0"}, 1),
        ("Allow", {"cacheByTag": True, "insecureSkipTLSVerify": True}, 1),
    ],
)
def test_the_operator_says_who_may_trust_tags(oci, around, policy, rules, requests):
    push(oci, "1.0.0")
    governed = replace(around, cache_by_tag=policy)
    look(oci, governed, **rules)
    _, seen = counted(oci, lambda: look(oci, governed, **rules))

    assert seen["manifests"] == requests


def test_an_operator_who_requires_trust_refuses_other_subscriptions(oci, around):
    with pytest.raises(SubscriptionUnusable, match="Add cacheByTag: true"):
        look(oci, replace(around, cache_by_tag="Require"))
    assert oci.count() == 0


def test_a_registry_that_is_not_verified_teaches_nobody_what_tags_are(oci, around):
    push(oci, "1.0.0", labels={"build": "1"})
    forged = look(oci, around, insecureSkipTLSVerify=True).found
    push(oci, "1.0.0", labels={"build": "2"})

    assert look(oci, around, cacheByTag=True).found[0]["digest"] != forged[0]["digest"]


def test_time_runs_out_and_the_next_look_goes_on(oci, around):
    push(oci, *(f"t{number:03}" for number in range(16)))
    asked = []

    def check():
        asked.append(1)
        if len(asked) == 24:
            raise TimedOut("Time is over.")

    with pytest.raises(TimedOut, match=r"has 16 tags to look at, and \d+ could not be looked at"):
        look(oci, replace(around, visit=Visit("alpha", check)), imageSelectionStrategy="NewestBuild")
    found, requests = counted(oci, lambda: look(oci, around, imageSelectionStrategy="NewestBuild", discoveryLimit=1))

    assert tags(found) == ["t015"]
    assert 0 < requests["blobs"] < 16


class Forgetful(ShortMemory):
    """A memory whose facts were swept away while its tags were not."""

    def forget_facts(self):
        self._facts.clear()


@pytest.fixture
def open_shelf(oci, around):
    """The repository app, with a memory that all shelves of a test share."""
    memory = Forgetful()
    with HttpClient(around.policy, "kargoweb-test") as client:
        yield lambda now=BUILT, **fields: shelf.Shelf(
            registry=Registry(client, limits=HostRateLimits(10_000)),
            repository=parse_repository(f"{oci.host}/app"),
            platform=None,
            memory=memory,
            check=lambda: None,
            now=now,
            **fields,
        )


def test_of_very_many_tags_some_are_asked_for_again_in_turn(oci, open_shelf):
    names = ["a", "b", "c", "d", "e", "f"]
    push(oci, *names)
    open_shelf().read_all(names)
    push(oci, "f", labels={"build": "2"})
    seen = []
    for hours in (1, 2, 3):
        later = open_shelf(BUILT + timedelta(hours=hours), asked_again=3)
        later.read_all(names, first=["c"])
        known = later.memory.find_tags(f"{oci.host}/app", names)
        seen.append("".join(tag for tag in names if known[tag].seen_at == later.now))

    assert seen == ["abc", "cde", "acf"]
    assert known["f"].has_moved


def test_reads_no_further_than_it_is_asked(oci, open_shelf):
    push(oci, "a", "b", "c", "d")
    opened = open_shelf()
    with closing(opened.read_in_order(["d", "gone", "c", "b"], at_once=2)) as reading:
        taken = [next(reading) for _ in range(3)]

    assert [(tag, version is not None) for tag, version in taken] == [("d", True), ("gone", False), ("c", True)]
    assert oci.count("blobs") == 2
    assert set(opened.memory.find_tags(f"{oci.host}/app", ["d", "c", "b", "gone"])) == {"d", "c"}


def test_what_was_forgotten_of_a_known_tag_is_learned_again(oci, open_shelf):
    push(oci, "a")
    opened = open_shelf()
    list(opened.read_in_order(["a"], at_once=1))
    opened.memory.forget_facts()
    for blobs in (1, 0):
        _, requests = counted(oci, lambda: list(opened.read_in_order(["a"], at_once=1)))
        assert requests["blobs"] == blobs


def test_an_unknown_repository_is_an_error_with_any_strategy(oci, around):
    for strategy in ("SemVer", "Lexical", "NewestBuild"):
        with pytest.raises(NotFound):
            look(oci, around, imageSelectionStrategy=strategy)
