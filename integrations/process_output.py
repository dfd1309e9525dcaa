"""Bytes that a command writes, made fit to be shown: whole lines, valid text, no secrets, bounded."""

import re
import time
from collections.abc import Callable, Sequence

MASK = "***"
MAX_LINE_BYTES = 16 * 1024
CUT_MARK = " …[line cut]"

_PROGRESS_INTERVAL_SECONDS = 1.0
_LINE_END = re.compile(rb"\r\n|\r|\n")


def mask(text: str, secrets: Sequence[str]) -> str:
    """Replace every secret, the longest first so that no rest of a longer one stays."""
    for secret in sorted(secrets, key=len, reverse=True):
        if secret:
            text = text.replace(secret, MASK)
    return text


class LineSplitter:
    """Cuts a stream of bytes into lines.

    Lines that end in a carriage return repaint each other (progress meters): they are handed on at most
    once a second, and the last one before a newline never gets lost.
    """

    def __init__(self, emit: Callable[[str], None], secrets: Sequence[str] = ()) -> None:
        self._emit = emit
        self._secrets = tuple(secrets)
        self._reserve = max((len(secret.encode()) for secret in secrets), default=0)
        self._buffer = bytearray()
        self._is_cut = False
        self._held: str | None = None
        self._next_progress = 0.0

    def feed(self, data: bytes) -> None:
        if self._buffer[-1:] == b"\r":
            # The end of a line is known only with the byte that follows: \r\n is one end, \r alone a repaint.
            self._buffer.pop()
            data = b"\r" + data
        start = 0
        for match in _LINE_END.finditer(data):
            if match.group() == b"\r" and match.end() == len(data):
                break
            self._keep(data[start : match.start()])
            start = match.end()
            self._end_line(is_progress=match.group() == b"\r")
        rest = data[start:]
        self._keep(rest)
        if rest.endswith(b"\r") and not self._buffer.endswith(b"\r"):
            self._buffer += b"\r"

    def finish(self) -> None:
        """Hand on what is left without a line end."""
        if self._buffer[-1:] == b"\r":
            self._buffer.pop()
        if self._buffer:
            self._end_line(is_progress=False)
        elif self._held is not None:
            self._emit(self._held)
            self._held = None

    def _keep(self, data: bytes) -> None:
        room = MAX_LINE_BYTES + self._reserve - len(self._buffer)
        self._is_cut = self._is_cut or len(data) > room
        self._buffer += data[: max(room, 0)]

    def _end_line(self, *, is_progress: bool) -> None:
        line = self._text()
        if not is_progress:
            self._held = None
            self._emit(line)
            return
        now = time.monotonic()
        if now >= self._next_progress:
            self._next_progress = now + _PROGRESS_INTERVAL_SECONDS
            self._held = None
            self._emit(line)
        else:
            self._held = line

    def _text(self) -> str:
        text = mask(self._buffer.decode(errors="replace"), self._secrets)
        if self._is_cut:
            # The last bytes may be the first part of a secret, which no mask would find.
            text = text[: max(len(text) - self._reserve, 0)][:MAX_LINE_BYTES] + CUT_MARK
        self._buffer.clear()
        self._is_cut = False
        return text


class Tail:
    """Keeps the last bytes of a stream."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._chunks: list[bytes] = []
        self._size = 0
        self.is_cut = False

    def add(self, data: bytes) -> None:
        self._chunks.append(data)
        self._size += len(data)
        while self._size - len(self._chunks[0]) > self._limit:
            self._size -= len(self._chunks.pop(0))
            self.is_cut = True

    def text(self) -> str:
        whole = b"".join(self._chunks)
        return whole[-self._limit :].decode(errors="replace")
