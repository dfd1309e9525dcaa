"""The embedded broker: kombu's file system transport, made safe for several processes.

The stock transport writes messages and binding tables under their final names, so a reader can meet half a
file and die of it, and it takes a message by a move that may be a copy. Here a file appears by a rename and is
taken by a rename: whole or not at all, by one reader. Messages that nobody takes go away, for they are hints only.
Registered as `embedded://`.
"""

import os
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import TRANSPORT_ALIASES
from kombu.transport import filesystem as stock
from kombu.utils.json import dumps, loads

POLL_SECONDS = 0.05
# Without a worker the ticks would pile up; what waited so long has been sent again by a later tick.
KEEP_SECONDS = 60.0


def _write_whole(path: Path, content: str) -> None:
    draft = path.with_name(f".{path.name}.{uuid.uuid4()}")
    draft.write_text(content)
    os.replace(draft, path)


class Channel(stock.Channel):
    """A channel whose files appear whole; its folders are made before first use."""

    _exchange_file: Callable[[str], Path]  # kombu has it, its types do not

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._folder = Path(self.data_folder_in)
        for folder in (self._folder, self._folder / "taken", Path(self.control_folder)):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._swept_at = 0.0

    # kombu's base class calls the message "message", its file system transport calls it "payload".
    def _put(self, queue: str, payload: dict[str, Any], **_: Any) -> None:  # type: ignore[override]
        _write_whole(self._folder / f"{time.time_ns()}_{uuid.uuid4()}.{queue}.msg", dumps(payload))
        self._sweep()

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        self._sweep()
        for name in sorted(os.listdir(self._folder)):
            if name.partition(".")[2] != f"{queue}.msg":
                continue
            taken = self._folder / "taken" / name
            try:
                os.rename(self._folder / name, taken)
            except FileNotFoundError:
                continue  # another worker took it between the listing and now
            payload = loads(taken.read_text())
            taken.unlink()
            return payload
        raise Empty

    def _sweep(self) -> None:
        """Now and then remove messages too old to be worth taking, and what a dead process left half done."""
        if time.monotonic() - self._swept_at < KEEP_SECONDS / 6:
            return
        self._swept_at = time.monotonic()
        oldest = time.time_ns() - KEEP_SECONDS * 1e9
        for folder in (self._folder, self._folder / "taken"):
            for name in os.listdir(folder):
                written_at = name.removeprefix(".").partition("_")[0]  # drafts begin with a dot
                if written_at.isdigit() and int(written_at) < oldest:
                    with suppress(FileNotFoundError):
                        (folder / name).unlink()

    def get_table(self, exchange: str) -> list[Any]:
        """The bindings of an exchange, each (routing key, pattern, queue)."""
        try:
            rows = loads(self._exchange_file(exchange).read_text())
        except FileNotFoundError:
            return []
        return [stock.exchange_queue_t(*row) for row in rows]

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str | None, queue: str) -> None:
        binding = stock.exchange_queue_t(routing_key or "", pattern or "", queue or "")
        table = self.get_table(exchange)
        if binding not in table:
            _write_whole(self._exchange_file(exchange), dumps([binding, *table]))


class Transport(stock.Transport):
    """`embedded://`: nothing to install, one machine, 50 ms from enqueue to start."""

    Channel = Channel
    polling_interval = POLL_SECONDS

    def driver_version(self) -> str:
        """Shown by `celery report`."""
        return "embedded"


TRANSPORT_ALIASES["embedded"] = "kargoweb.broker:Transport"
