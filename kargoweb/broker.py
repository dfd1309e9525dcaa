"""The embedded broker: kombu's file system transport, made safe for several processes.

The stock transport writes messages and binding tables under their final names, so a reader can meet half a
file and die of it, and it takes a message by a move that may be a copy. Here a file appears by a rename and is
taken by a rename: whole or not at all, by one reader. Registered as `embedded://`.
"""

import os
import uuid
from pathlib import Path
from queue import Empty
from time import time_ns
from typing import Any

from kombu.transport import TRANSPORT_ALIASES
from kombu.transport import filesystem as stock
from kombu.utils.json import dumps, loads

POLL_SECONDS = 0.05


def _write_whole(path: Path, content: str) -> None:
    draft = path.with_name(f".{path.name}.{uuid.uuid4()}")
    draft.write_text(content)
    os.replace(draft, path)


class Channel(stock.Channel):
    """A channel whose files appear whole; its folders are made before first use."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._folder = Path(self.data_folder_in)
        for folder in (self._folder, self._folder / "taken", Path(self.control_folder)):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def _put(self, queue: str, payload: dict[str, Any], **_: Any) -> None:
        _write_whole(self._folder / f"{time_ns()}_{uuid.uuid4()}.{queue}.msg", dumps(payload))

    def _get(self, queue: str) -> Any:
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

    def get_table(self, exchange: str) -> list[Any]:
        """The bindings of an exchange, each (routing key, pattern, queue)."""
        try:
            rows = loads(self._exchange_file(exchange).read_text())
        except FileNotFoundError:
            return []
        return [stock.exchange_queue_t(*row) for row in rows]

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
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
