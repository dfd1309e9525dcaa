"""The one listener of this process: hears of changes from the database and tells the hub.

PostgreSQL notifies. With SQLite a thread looks at `PRAGMA data_version`, which moves when another connection has
committed, and then reads the new rows of `Change`. Either goes on for ever and starts again after an error.
"""

import asyncio
import logging
import sqlite3
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import psycopg
from django.db import connections
from psycopg.conninfo import make_conninfo

from kargoweb.live.hub import Hub
from projects.models import Change
from projects.notices import CHANNEL

logger = logging.getLogger(__name__)

_POLL_SECONDS = 0.02
# Nobody watches: the hub still remembers what changed, for pages that are just being drawn.
_IDLE_POLL_SECONDS = 0.1
_RETRY_SECONDS = 1.0
# A connection that said nothing for this long is asked whether it lives.
_QUIET_SECONDS = 20.0


class Listener(Protocol):
    """Hears of changes from start to stop."""

    def start(self) -> None:
        """Begin, from within the event loop of the hub."""

    async def stop(self) -> None:
        """End, and wait for the end."""


def make_listener(hub: Hub) -> Listener:
    """The listener for the database of this site."""
    database: Any = connections["default"]
    if database.vendor == "postgresql":
        return PostgresListener(hub, _address(database.settings_dict))
    return SqliteListener(hub, Path(database.settings_dict["NAME"]))


def _address(settings: dict[str, Any]) -> str:
    """What libpq needs, from Django's settings."""
    plain = {key: value for key, value in settings["OPTIONS"].items() if isinstance(value, str | int)}
    named = {
        "dbname": settings["NAME"],
        "user": settings["USER"],
        "password": settings["PASSWORD"],
        "host": settings["HOST"],
        "port": settings["PORT"],
        "application_name": "kargoweb live",
    }
    return make_conninfo(**{**plain, **{key: value for key, value in named.items() if value}})


class PostgresListener:
    """LISTEN on a connection of its own."""

    def __init__(self, hub: Hub, address: str) -> None:
        self._hub, self._address = hub, address
        self._task: asyncio.Task[None] | None = None
        self._has_listened = False

    def start(self) -> None:
        """See Listener."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """See Listener."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except (psycopg.Error, OSError) as error:
                logger.warning("Lost the database, listening again soon", extra={"error": str(error)})
            await asyncio.sleep(_RETRY_SECONDS)

    async def _listen(self) -> None:
        connection = await psycopg.AsyncConnection.connect(self._address, autocommit=True)
        async with connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            if self._has_listened:
                self._hub.resync()
            self._has_listened = True
            while True:
                async for notice in connection.notifies(timeout=_QUIET_SECONDS):
                    project, _, topic = notice.payload.partition(" ")
                    self._hub.publish(project, topic)
                await connection.execute("SELECT 1")


def _read_counter(connection: sqlite3.Connection, table: str) -> int:
    """The highest key that the table ever gave out; rows that were deleted count."""
    query = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = ?"
    counter: int = connection.execute(query, (table,)).fetchone()[0]
    return counter


class SqliteListener:
    """Looks at the version of the database file, in one thread."""

    def __init__(self, hub: Hub, path: Path) -> None:
        self._hub, self._path = hub, path
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="live-listener", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """See Listener."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def stop(self) -> None:
        """See Listener."""
        self._stopped.set()
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        is_new = True
        while not self._stopped.is_set():
            try:
                self._watch(is_new)
            except sqlite3.Error as error:
                logger.warning("Lost the database, looking again soon", extra={"error": str(error)})
            is_new = False
            self._stopped.wait(_RETRY_SECONDS)

    def _watch(self, is_new: bool) -> None:
        connection = sqlite3.connect(self._path, timeout=5, isolation_level=None)
        try:
            table = Change._meta.db_table
            seen = _read_counter(connection, table)
            if not is_new:
                self._tell([("", "")])
            version = None
            while not self._stopped.wait(_POLL_SECONDS if self._hub.has_subscribers else _IDLE_POLL_SECONDS):
                (now,) = connection.execute("PRAGMA data_version").fetchone()
                if now == version:
                    continue
                version = now
                query = f"SELECT id, project_name, topic FROM {table} WHERE id > ? ORDER BY id"  # noqa: S608
                rows = connection.execute(query, (seen,)).fetchall()
                if rows:
                    seen = rows[-1][0]
                    self._tell([(project, topic) for _, project, topic in rows])
                elif (counter := _read_counter(connection, table)) < seen:
                    # The database was emptied and counts from 1 again.
                    seen = counter
                    self._tell([("", "")])
        finally:
            connection.close()

    def _tell(self, changes: list[tuple[str, str]]) -> None:
        """Hand changes to the hub in its loop; one without a project means that some may be missing."""
        if self._loop is not None and not self._stopped.is_set():
            with suppress(RuntimeError):  # the loop has ended before us
                self._loop.call_soon_threadsafe(self._publish, changes)

    def _publish(self, changes: list[tuple[str, str]]) -> None:
        for project, topic in changes:
            if project:
                self._hub.publish(project, topic)
            else:
                self._hub.resync()
