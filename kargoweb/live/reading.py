"""Database reads for streams: a few shared threads, whatever the number of viewers."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection
from django.template.loader import render_to_string

from kargoweb.live.events import encode_event
from promotions.queries.log import read_after

Value = TypeVar("Value")
_THREADS = 4


@dataclass(frozen=True, slots=True)
class LogNews:
    """A piece of a log up to line `last`, as an event ready to send; empty without new lines.

    `final_count` is None while lines may still come.
    """

    event: bytes
    last: int
    final_count: int | None


class Reader:
    """Runs reads in its threads; each thread keeps its connection open."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="live-reader")
        self._running: dict[tuple[int, int, int], asyncio.Task[LogNews | None]] = {}

    async def read(self, query: Callable[[], Value]) -> Value:
        """The result of a blocking query."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, _with_connection, query)

    async def read_log(self, promotion_id: int, after: int, *, count: int) -> LogNews | None:
        """The next piece of a log, drawn; None when the promotion is gone.

        Viewers at the same line who have heard the same `count` of changes share one read.
        """
        key = (promotion_id, after, count)
        task = self._running.get(key)
        if task is None:
            task = asyncio.create_task(self.read(lambda: _read_log(promotion_id, after)))
            self._running[key] = task
            task.add_done_callback(lambda _: self._running.pop(key, None))
        return await asyncio.shield(task)

    def close(self) -> None:
        """Let go of the threads; their connections end with them."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _read_log(promotion_id: int, after: int) -> LogNews | None:
    part = read_after(promotion_id, after)
    if part is None:
        return None
    if not part.lines:
        return LogNews(b"", after, part.final_count)
    html = render_to_string("promotions/_log_lines.html", {"part": part}).strip()
    return LogNews(encode_event("log", html, number=part.last), part.last, part.final_count)


def _with_connection(query: Callable[[], Value]) -> Value:
    try:
        return query()
    except (OperationalError, InterfaceError):
        # The server may have closed a connection that was idle: once more with a new one.
        connection.close()
        return query()
