"""What is known of images: what a digest stands for, and which digest a tag had when it was last asked for.

A digest never changes what it stands for, so that is kept for good. A tag does; what is kept of it saves requests
only where a subscription trusts tags (`cacheByTag`), or has more of them than can be asked for each time.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from integrations.oci.manifests import ImageFacts


@dataclass(frozen=True, slots=True)
class SeenTag:
    """A tag as it was at `seen_at`; `has_moved` if it ever had another digest."""

    tag: str
    digest: str
    seen_at: datetime
    has_moved: bool = False


class ImageMemory(Protocol):
    """Keeps facts by repository (`ghcr.io/acme/app`). Whoever asks must have been let into the repository."""

    def find_facts(self, repository: str, digests: Iterable[str]) -> dict[str, ImageFacts]:
        """What is known of these digests."""
        ...

    def find_tags(self, repository: str, tags: Iterable[str]) -> dict[str, SeenTag]:
        """What is known of these tags."""
        ...

    def keep(self, repository: str, facts: Iterable[ImageFacts], tags: Mapping[str, str], *, now: datetime) -> None:
        """Remember facts, and tags with the digests they have now."""
        ...


class ShortMemory:
    """Remembers as long as the process lives."""

    def __init__(self) -> None:
        self._facts: dict[tuple[str, str], ImageFacts] = {}
        self._tags: dict[tuple[str, str], SeenTag] = {}

    def find_facts(self, repository: str, digests: Iterable[str]) -> dict[str, ImageFacts]:
        return {digest: self._facts[repository, digest] for digest in digests if (repository, digest) in self._facts}

    def find_tags(self, repository: str, tags: Iterable[str]) -> dict[str, SeenTag]:
        return {tag: self._tags[repository, tag] for tag in tags if (repository, tag) in self._tags}

    def keep(self, repository: str, facts: Iterable[ImageFacts], tags: Mapping[str, str], *, now: datetime) -> None:
        self._facts |= {(repository, each.digest): each for each in facts}
        for tag, digest in tags.items():
            self._tags[repository, tag] = see_again(self._tags.get((repository, tag)), tag, digest, now=now)


def see_again(before: SeenTag | None, tag: str, digest: str, *, now: datetime) -> SeenTag:
    """What is known of a tag after it was found with this digest."""
    has_moved = before is not None and (before.has_moved or before.digest != digest)
    return SeenTag(tag, digest, now, has_moved)
