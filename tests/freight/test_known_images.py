from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from freight.known_images import ImageTable, forget_unused_images
from freight.models import KnownImage, KnownTag
from integrations.oci.manifests import ImageFacts, Platform

pytestmark = pytest.mark.django_db

NOW = datetime.now(UTC)
FACTS = ImageFacts(
    "sha256:" + "a" * 64,
    datetime(2025, 1, 1, tzinfo=UTC),
    {"team": "blue"},
    ((Platform("linux", "arm64", "v8"), {"tuned": "yes"}), (Platform("linux", "amd64"), {})),
    {"org.opencontainers.image.revision": "abc"},
)


def facts(number):
    return ImageFacts(f"sha256:{number:064}", None, {}, (), {})


def test_gives_back_what_it_was_given():
    ImageTable().keep("ghcr.io/acme/app", [FACTS], {"1.0.0": FACTS.digest}, now=NOW)

    assert ImageTable().find_facts("ghcr.io/acme/app", [FACTS.digest, "sha256:other"]) == {FACTS.digest: FACTS}
    assert ImageTable().find_facts("ghcr.io/acme/other", [FACTS.digest]) == {}
    seen = ImageTable().find_tags("ghcr.io/acme/app", ["1.0.0", "2.0.0"])
    assert [(tag, each.digest, each.has_moved) for tag, each in seen.items()] == [("1.0.0", FACTS.digest, False)]


def test_knows_tags_that_move():
    table = ImageTable()
    for digest in ("sha256:one", "sha256:one", "sha256:two", "sha256:two"):
        table.keep("ghcr.io/acme/app", [], {"latest": digest, "1.0.0": "sha256:one"}, now=NOW)

    seen = table.find_tags("ghcr.io/acme/app", ["latest", "1.0.0"])
    assert (seen["latest"].digest, seen["latest"].has_moved, seen["1.0.0"].has_moved) == ("sha256:two", True, False)


def test_takes_what_no_database_would():
    hostile = replace(FACTS, annotations={"nul\0": "half \ud800 pair\0"}, labels={})
    ImageTable().keep("ghcr.io/acme/app", [hostile], {}, now=NOW)

    kept = ImageTable().find_facts("ghcr.io/acme/app", [FACTS.digest])
    assert kept[FACTS.digest].annotations == {"nul": "half ? pair"}


def test_does_not_keep_facts_without_bounds():
    ImageTable().keep("ghcr.io/acme/app", [replace(FACTS, annotations={"long": "x" * 70_000})], {}, now=NOW)

    assert not KnownImage.objects.exists()


def test_takes_thousands_at_once():
    many = [facts(number) for number in range(1200)]
    ImageTable().keep("ghcr.io/acme/app", many, {f"t{n}": each.digest for n, each in enumerate(many)}, now=NOW)

    assert len(ImageTable().find_facts("ghcr.io/acme/app", [each.digest for each in many])) == 1200
    assert len(ImageTable().find_tags("ghcr.io/acme/app", [f"t{n}" for n in range(1200)])) == 1200


def test_forgets_what_nobody_asked_for_and_what_is_too_much():
    table = ImageTable()
    table.keep("a/b", [facts(1)], {"old": facts(1).digest}, now=NOW - timedelta(days=61))
    table.keep("a/b", [facts(2), facts(3)], {"new": facts(2).digest}, now=NOW - timedelta(days=59))
    table.find_facts("a/b", [facts(3).digest])

    assert forget_unused_images(now=NOW) == 1
    assert set(KnownTag.objects.values_list("tag", flat=True)) == {"new"}
    assert forget_unused_images(now=NOW, keep=1) == 1
    assert [row.digest for row in KnownImage.objects.all()] == [facts(3).digest]
