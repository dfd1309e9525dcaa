"""The memory of images in the database: it survives restarts, and all workers share it."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from freight.models import KnownImage, KnownTag
from freight.storable import make_storable
from freight.subscriptions.memory import SeenTag, see_again
from integrations.oci.manifests import ImageFacts, Platform

# Below the number of parameters that SQLite takes in one statement.
_BATCH = 500
# What nobody asked for in this time is forgotten.
KEPT_FOR = timedelta(days=60)
MAX_IMAGES = 500_000
# Annotations may be megabytes; such an image is read again each time.
MAX_FACTS_LENGTH = 64 * 1024


class ImageTable:
    """An ImageMemory; see there."""

    def find_facts(self, repository: str, digests: Iterable[str]) -> dict[str, ImageFacts]:
        today = datetime.now(UTC).date()
        found: dict[str, ImageFacts] = {}
        for batch in _batches(dict.fromkeys(digests)):
            rows = KnownImage.objects.filter(repository=repository, digest__in=batch)
            found |= {row.digest: _read_facts(row.digest, row.facts) for row in rows}
            _mark_used(rows, today)
        return found

    def find_tags(self, repository: str, tags: Iterable[str]) -> dict[str, SeenTag]:
        found: dict[str, SeenTag] = {}
        for batch in _batches(dict.fromkeys(tags)):
            for row in KnownTag.objects.filter(repository=repository, tag__in=batch):
                found[row.tag] = SeenTag(row.tag, row.digest, row.seen_at, row.has_moved)
        return found

    def keep(self, repository: str, facts: Iterable[ImageFacts], tags: Mapping[str, str], *, now: datetime) -> None:
        written = {each.digest: make_storable(_write_facts(each)) for each in facts}
        images = [
            KnownImage(repository=repository, digest=digest, facts=document, used_on=now.date())
            for digest, document in written.items()
            if len(json.dumps(document)) <= MAX_FACTS_LENGTH
        ]
        before = self.find_tags(repository, tags)
        rows = []
        for tag, digest in tags.items():
            seen = see_again(before.get(tag), tag, digest, now=now)
            rows.append(
                KnownTag(
                    repository=repository, tag=tag, digest=digest, seen_at=seen.seen_at, has_moved=seen.has_moved
                )
            )
        with transaction.atomic():
            KnownImage.objects.bulk_create(images, batch_size=_BATCH, ignore_conflicts=True)
            KnownTag.objects.bulk_create(
                rows,
                batch_size=_BATCH // 2,
                update_conflicts=True,
                unique_fields=("repository", "tag"),
                update_fields=("digest", "seen_at", "has_moved"),
            )


def forget_unused_images(*, now: datetime, keep: int = MAX_IMAGES) -> int:
    """Forget what nobody asked for in KEPT_FOR, and beyond that the longest unused over `keep`; says how many."""
    KnownTag.objects.filter(seen_at__lt=now - KEPT_FOR).delete()
    count, _ = KnownImage.objects.filter(used_on__lt=(now - KEPT_FOR).date()).delete()
    extra = KnownImage.objects.count() - keep
    if extra > 0:
        oldest = KnownImage.objects.order_by("used_on", "pk").values_list("pk", flat=True)[:extra]
        for batch in _batches(list(oldest)):
            count += KnownImage.objects.filter(pk__in=batch).delete()[0]
    return count


def _mark_used(rows: QuerySet[KnownImage], today: date) -> None:
    """Once a day is enough."""
    stale = [row.pk for row in rows if row.used_on < today]
    if stale:
        KnownImage.objects.filter(pk__in=stale).update(used_on=today)


def _write_facts(facts: ImageFacts) -> dict[str, Any]:
    return {
        "createdAt": facts.created_at.isoformat() if facts.created_at else None,
        "annotations": dict(facts.annotations),
        "labels": dict(facts.labels),
        "children": [
            [each.os, each.architecture, each.variant, dict(annotations)] for each, annotations in facts.children
        ],
    }


def _read_facts(digest: str, written: Mapping[str, Any]) -> ImageFacts:
    created_at = written["createdAt"]
    return ImageFacts(
        digest,
        datetime.fromisoformat(created_at) if created_at else None,
        written["annotations"],
        tuple((Platform(*names), annotations) for *names, annotations in written["children"]),
        written["labels"],
    )


def _batches(items: Iterable[Any]) -> Iterator[list[Any]]:
    remaining = iter(items)
    while batch := list(islice(remaining, _BATCH)):
        yield batch
