"""The event streams: server-sent events by plain ASGI, so that a viewer costs no thread.

`event: kw` carries `{"topic": "stage:prod"}`, at most one a second for each topic. `event: log` carries log lines
as HTML with `id: <last line>`; `event: log-end` carries `{"lines": <final count>}` when all of them were sent.
"""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from django.db import DatabaseError

from kargoweb.live.admission import Admitted, StreamRefused, admit
from kargoweb.live.events import encode_event
from kargoweb.live.hub import Hub, Subscription
from kargoweb.live.reading import Reader
from kargoweb.live.routes import Route

logger = logging.getLogger(__name__)

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

_KEEP_ALIVE_SECONDS = 15.0
# A log is read again this often even if nobody told of new lines.
_LOG_SAFETY_SECONDS = 2.0
_TOPIC_PAUSE_SECONDS = 1.0
# Rights are checked again this often: who was removed from a project hears no more of it.
_ADMISSION_SECONDS = 60.0
_HEADERS = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store, no-transform"),
    (b"x-accel-buffering", b"no"),  # nginx must pass each event on at once
    (b"x-content-type-options", b"nosniff"),
)


async def answer(scope: Scope, receive: Receive, send: Send, *, route: Route, hub: Hub, reader: Reader) -> None:
    """Answer one request for a stream, until its end."""
    try:
        admitted = await reader.read(lambda: admit(scope, route))
    except StreamRefused as refused:
        await _refuse(send, refused)
        return
    except DatabaseError:
        logger.exception("Database failed while a stream was asked for")
        await _refuse(send, StreamRefused(503, "The database does not answer. Try again soon."))
        return
    subscription = hub.subscribe(admitted.project, missed_seconds=admitted.missed_seconds)
    watch = asyncio.create_task(_close_on_disconnect(receive, subscription))
    stream = _Stream(admitted, subscription, send, hub, reader, lambda: admit(scope, route))
    try:
        await send({"type": "http.response.start", "status": 200, "headers": list(_HEADERS)})
        await stream.run()
        await send({"type": "http.response.body", "body": b""})
    finally:
        hub.leave(subscription)
        watch.cancel()


async def _refuse(send: Send, refused: StreamRefused) -> None:
    body = refused.message.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store"), *refused.headers]
    await send({"type": "http.response.start", "status": int(refused.status), "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _close_on_disconnect(receive: Receive, subscription: Subscription) -> None:
    with suppress(asyncio.CancelledError):
        while (await receive())["type"] != "http.disconnect":
            pass
        subscription.close()


class _Stream:
    """One viewer: what was sent, and what waits to be sent."""

    def __init__(
        self,
        admitted: Admitted,
        subscription: Subscription,
        send: Send,
        hub: Hub,
        reader: Reader,
        admit_again: Callable[[], Admitted],
    ) -> None:
        self._admitted, self._subscription, self._send = admitted, subscription, send
        self._hub, self._reader, self._admit_again = hub, reader, admit_again
        self._after = admitted.after
        self._log_topics = {f"{kind}:{admitted.promotion_number}" for kind in ("log", "promotion")} | {"resync"}
        self._log_ended = admitted.promotion_id is None
        self._waiting: set[str] = set()
        self._sent_at: dict[str, float] = {}
        self._quiet_since = self._admitted_at = time.monotonic()
        self._read_log_at = 0.0

    async def run(self) -> None:
        """Send until the viewer leaves, the server stops, the right is gone, or a log alone has ended."""
        await self._write(b"retry: 1000\n\n")
        while not self._subscription.is_closed:
            topics = self._subscription.take()
            now = time.monotonic()
            if self._admitted.wants_changes:
                self._waiting |= {topic for topic in topics if not topic.startswith("log:")}
                await self._send_changes(now)
            if not self._log_ended and (topics & self._log_topics or now >= self._read_log_at):
                await self._send_log()
            if self._log_ended and not self._admitted.wants_changes:
                return
            if now - self._quiet_since >= _KEEP_ALIVE_SECONDS:
                await self._write(b": still here\n\n")
            if now - self._admitted_at >= _ADMISSION_SECONDS and not await self._is_still_admitted(now):
                return
            await self._subscription.wait(self._seconds_to_wait())

    async def _send_changes(self, now: float) -> None:
        due = [topic for topic in self._waiting if now - self._sent_at.get(topic, -1e9) >= _TOPIC_PAUSE_SECONDS]
        if not due:
            return
        self._waiting.difference_update(due)
        self._sent_at = {t: at for t, at in self._sent_at.items() if now - at < _TOPIC_PAUSE_SECONDS}
        self._sent_at.update(dict.fromkeys(due, now))
        await self._write(b"".join(encode_event("kw", json.dumps({"topic": topic})) for topic in sorted(due)))

    async def _send_log(self) -> None:
        """Send all lines there are; what is committed meanwhile wakes us again."""
        self._read_log_at = time.monotonic() + _LOG_SAFETY_SECONDS
        while not self._subscription.is_closed and self._admitted.promotion_id is not None:
            try:
                count = self._hub.count
                news = await self._reader.read_log(self._admitted.promotion_id, self._after, count=count)
            except DatabaseError:
                logger.exception("Database failed while a log was read")
                return
            if news is None:
                self._subscription.close()
                return
            if news.last > self._after:
                self._after = news.last
                await self._write(news.event)
            elif news.final_count is not None and news.final_count <= self._after:
                self._log_ended = True
                await self._write(encode_event("log-end", json.dumps({"lines": news.final_count})))
                return
            else:
                return

    async def _is_still_admitted(self, now: float) -> bool:
        self._admitted_at = now
        try:
            await self._reader.read(self._admit_again)
        except StreamRefused:
            return False
        except DatabaseError:
            logger.exception("Database failed while a stream was checked again")
        return True

    def _seconds_to_wait(self) -> float:
        times = [self._quiet_since + _KEEP_ALIVE_SECONDS, self._admitted_at + _ADMISSION_SECONDS]
        times += [self._sent_at.get(topic, 0.0) + _TOPIC_PAUSE_SECONDS for topic in self._waiting]
        if not self._log_ended:
            times.append(self._read_log_at)
        return min(times) - time.monotonic()

    async def _write(self, text: bytes) -> None:
        self._quiet_since = time.monotonic()
        await self._send({"type": "http.response.body", "body": text, "more_body": True})
