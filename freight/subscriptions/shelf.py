"""One repository of images as one project sees it: what its tags stand for, with as few requests as can be.

What a digest stands for is known for good, so a known tag costs one HEAD request, and none where tags are trusted.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from freight.subscriptions.memory import ImageMemory, SeenTag
from integrations.errors import IntegrationError, NotFound, TimedOut
from integrations.oci.manifests import ImageFacts, ImageVersion, Platform, read_facts
from integrations.oci.references import Repository
from integrations.oci.registry import Registry

PARALLEL = 8
# Known tags asked for again in one look; of more than these the others have their turn in the next looks.
MAX_ASKED_AGAIN = 1000
# Tags that are asked for anyway are written down again only so often.
NOTED_FOR = timedelta(days=1)
_SLICE = 200


@dataclass(frozen=True, slots=True)
class Shelf:
    """`trusts_tags`: known tags are not asked for again. `keeps_tags` is False where an answer may be forged."""

    registry: Registry
    repository: Repository
    platform: Platform | None
    memory: ImageMemory
    check: Callable[[], None]
    now: datetime
    trusts_tags: bool = False
    keeps_tags: bool = True
    asked_again: int = MAX_ASKED_AGAIN

    def list_tags(self) -> list[str]:
        """All tags, in the order of the registry."""
        self.check()
        return self.registry.list_tags(self.repository)

    def read_in_order(self, tags: Sequence[str], *, at_once: int) -> Generator[tuple[str, ImageVersion | None]]:
        """What each tag stands for, read when it is asked for; None when it vanished since it was listed."""
        for start in range(0, len(tags), at_once):
            chunk = tags[start : start + at_once]
            known, facts = self._recall(chunk)
            fresh: dict[str, ImageFacts] = {}
            try:
                for tag in chunk:
                    found = self._read(tag, known.get(tag), facts)
                    if found is not None and not self._is_noted(known.get(tag), found, facts):
                        fresh[tag] = found
                    yield tag, self._as_version(tag, found)
            finally:
                self._keep(fresh, facts)

    def read_all(self, tags: Sequence[str], *, first: Sequence[str] = ()) -> dict[str, ImageVersion | None]:
        """What all tags stand for; `first` are asked for in every look.

        Raises TimedOut when the time ended before each was read once; what was read is remembered.
        """
        known, facts = self._recall(tags)
        unread = [tag for tag in tags if tag not in known or known[tag].digest not in facts]
        again = [] if self.trusts_tags else _order_again(tags, known, facts, first)[: self.asked_again]
        found: dict[str, ImageFacts | None] = {
            tag: facts[known[tag].digest] for tag in tags if tag in known and known[tag].digest in facts
        }
        pool = ThreadPoolExecutor(PARALLEL, thread_name_prefix="registry")
        try:
            for batch in (unread, again):
                for start in range(0, len(batch), _SLICE):
                    found |= self._read_slice(pool, batch[start : start + _SLICE], known, facts)
        except TimedOut as error:
            missing = sum(tag not in self._recall(unread)[0] for tag in unread)
            if missing:
                raise TimedOut(
                    f"{self.repository} has {len(tags)} tags to look at, and {missing} could not be looked at in the "
                    "time of one check. The next check goes on with them."
                ) from error
        finally:
            # After an error nobody waits for thousands of further requests.
            pool.shutdown(cancel_futures=True)
        return {tag: self._as_version(tag, found.get(tag)) for tag in tags}

    def _read_slice(
        self,
        pool: ThreadPoolExecutor,
        tags: Sequence[str],
        known: Mapping[str, SeenTag],
        facts: Mapping[str, ImageFacts],
    ) -> dict[str, ImageFacts | None]:
        """Read some tags at once and remember them, also those read before an error."""
        reading: dict[str, Future[ImageFacts | None]] = {
            tag: pool.submit(self._read, tag, known.get(tag), facts) for tag in tags
        }
        done: dict[str, ImageFacts | None] = {}
        try:
            for tag, future in reading.items():
                done[tag] = future.result()
        except IntegrationError:
            for future in reading.values():
                future.cancel()
            done |= {tag: future.result() for tag, future in reading.items() if _succeeded(future)}
            raise
        finally:
            self._keep({tag: found for tag, found in done.items() if found is not None}, facts)
        return done

    def _read(self, tag: str, seen: SeenTag | None, facts: Mapping[str, ImageFacts]) -> ImageFacts | None:
        """Called from several threads: it does not touch the memory."""
        self.check()
        if seen is not None:
            if self._is_trusted(seen, facts):
                return facts[seen.digest]
            digest = self.registry.find_digest(self.repository, tag)
            if digest is not None and digest in facts:
                return facts[digest]
        try:
            manifest = self.registry.get_manifest(self.repository, tag)
            return facts.get(manifest.digest) or read_facts(self.registry, self.repository, manifest)
        except NotFound:
            return None

    def _is_trusted(self, seen: SeenTag | None, facts: Mapping[str, ImageFacts]) -> bool:
        return self.trusts_tags and seen is not None and seen.digest in facts

    def _is_noted(self, seen: SeenTag | None, found: ImageFacts, facts: Mapping[str, ImageFacts]) -> bool:
        """Whether writing it down again would say nothing new, except that it is still in use."""
        is_same = seen is not None and seen.digest == found.digest and found.digest in facts
        return is_same and seen is not None and self.now - seen.seen_at < NOTED_FOR

    def _recall(self, tags: Sequence[str]) -> tuple[Mapping[str, SeenTag], Mapping[str, ImageFacts]]:
        known = self.memory.find_tags(str(self.repository), tags) if self.keeps_tags else {}
        digests = [seen.digest for seen in known.values()]
        return known, self.memory.find_facts(str(self.repository), digests)

    def _keep(self, found: Mapping[str, ImageFacts], before: Mapping[str, ImageFacts]) -> None:
        fresh = {facts.digest: facts for facts in found.values() if facts.digest not in before}
        tags = {tag: facts.digest for tag, facts in found.items()} if self.keeps_tags else {}
        if fresh or tags:
            self.memory.keep(str(self.repository), fresh.values(), tags, now=self.now)

    def _as_version(self, tag: str, facts: ImageFacts | None) -> ImageVersion | None:
        return None if facts is None else facts.as_version(tag, platform=self.platform)


def _succeeded(future: Future[ImageFacts | None]) -> bool:
    """Waits for one that is under way."""
    return not future.cancelled() and future.exception() is None


def _order_again(
    tags: Sequence[str], known: Mapping[str, SeenTag], facts: Mapping[str, ImageFacts], first: Sequence[str]
) -> list[str]:
    """Known tags in the order to ask for them: those that matter or have moved before, then the longest unseen."""
    favoured = set(first)
    asked = [known[tag] for tag in tags if tag in known and known[tag].digest in facts]
    asked.sort(key=lambda seen: (seen.tag not in favoured, not seen.has_moved, seen.seen_at))
    return [seen.tag for seen in asked]
