"""Fan-out of changes to the streams of this process. Lives in one event loop and is used from that loop alone.

A subscriber keeps the names of what changed, each once, so a slow one costs a bounded set and loses nothing: what
does not fit becomes one request to look at everything again.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

# Asks a page to look at all it shows: we may have missed something.
RESYNC = "resync"
_MOST_TOPICS = 500
# What a page may have missed between its drawing and its stream.
_REMEMBERED_SECONDS = 60.0
_MOST_REMEMBERED = 5000


@dataclass(slots=True, eq=False)
class Subscription:
    """One stream's view of the changes of one project."""

    project: str
    topics: set[str] = field(default_factory=set)
    is_closed: bool = False
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, topic: str) -> None:
        """Remember a topic and wake the stream."""
        if len(self.topics) >= _MOST_TOPICS:
            self.topics.clear()
            topic = RESYNC
        self.topics.add(topic)
        self._changed.set()

    def take(self) -> set[str]:
        """What changed since the last time."""
        taken, self.topics = self.topics, set()
        self._changed.clear()
        return taken

    def close(self) -> None:
        """End the stream soon."""
        self.is_closed = True
        self._changed.set()

    async def wait(self, seconds: float) -> None:
        """Until something changed, the stream is closed, or the time is over."""
        if seconds <= 0:
            return
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return


class Hub:
    """Knows who watches which project."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._subscribers: dict[str, set[Subscription]] = {}
        self._recent: deque[tuple[float, str, str]] = deque(maxlen=_MOST_REMEMBERED)
        self._started_at = clock()
        # Grows with each change heard of: a database read that began at one count knows all changes up to it.
        self.count = 0
        self.is_closed = False

    @property
    def has_subscribers(self) -> bool:
        """Does anybody watch? May be asked from any thread."""
        return bool(self._subscribers)

    def subscribe(self, project: str, *, missed_seconds: float = 0.0) -> Subscription:
        """Begin to watch, starting with what changed in the last seconds."""
        subscription = Subscription(project)
        since = self._clock() - missed_seconds
        if missed_seconds > _REMEMBERED_SECONDS or (missed_seconds and since < self._started_at):
            subscription.add(RESYNC)
        elif missed_seconds:
            for at, name, topic in self._recent:
                if at >= since and name in (project, ""):
                    subscription.add(topic)
        if self.is_closed:
            subscription.close()
        self._subscribers.setdefault(project, set()).add(subscription)
        return subscription

    def leave(self, subscription: Subscription) -> None:
        """Stop watching."""
        watching = self._subscribers.get(subscription.project, set())
        watching.discard(subscription)
        if not watching:
            self._subscribers.pop(subscription.project, None)

    def publish(self, project: str, topic: str) -> None:
        """Something of this project changed."""
        self._remember(project, topic)
        for subscription in self._subscribers.get(project, ()):
            subscription.add(topic)

    def resync(self) -> None:
        """Changes may have been missed: everybody looks at everything."""
        self._remember("", RESYNC)
        for watching in self._subscribers.values():
            for subscription in watching:
                subscription.add(RESYNC)

    def close(self) -> None:
        """The server stops: end every stream."""
        self.is_closed = True
        for watching in self._subscribers.values():
            for subscription in watching:
                subscription.close()

    def _remember(self, project: str, topic: str) -> None:
        self.count += 1
        self._recent.append((self._clock(), project, topic))
