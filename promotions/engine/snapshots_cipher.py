"""Streams sealed for a place that others may read: what was cut short or changed is never taken for whole.

Form: magic, 32 random bytes, then chunks of at most 1 MiB, each AES-GCM with a tag of its own. The key of a stream is
derived from the site's secret key and those random bytes, so that counters never meet twice under one key. The nonce
holds the chunk's number and a mark on the last one: chunks cannot be left out, moved or cut off at the end. The
stream's name is authenticated with each chunk: one stream cannot be given out for another.
"""

import os
from io import BufferedIOBase
from typing import IO, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

CHUNK_BYTES = 1024 * 1024

_MAGIC = b"kargoweb-snapshot-1\n"
_SALT_BYTES = 32
_TAG_BYTES = 16


class SealBroken(Exception):
    """The stream is not what was written under this name with this key."""


class Source(Protocol):
    """Where a sealed stream is read from."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes, nothing at the end."""
        ...


class SealingWriter(BufferedIOBase):
    """Seals what is written into `target`; only `finish` makes it whole."""

    def __init__(self, target: IO[bytes], *, key: str, name: str) -> None:
        salt = os.urandom(_SALT_BYTES)
        self._target, self._cipher, self._name = target, _cipher(key, salt), name.encode()
        self._waiting, self._number = bytearray(), 0
        target.write(_MAGIC + salt)

    def writable(self) -> bool:
        return True

    def write(self, data: bytes | bytearray | memoryview) -> int:  # type: ignore[override]
        self._waiting += data
        # One byte more than a chunk: there is always something left for the last one.
        while len(self._waiting) > CHUNK_BYTES:
            self._seal(bytes(self._waiting[:CHUNK_BYTES]), is_last=False)
            del self._waiting[:CHUNK_BYTES]
        return len(data)

    def finish(self) -> None:
        """Write the last chunk with its mark."""
        self._seal(bytes(self._waiting), is_last=True)
        self._waiting.clear()

    def _seal(self, plain: bytes, *, is_last: bool) -> None:
        self._target.write(self._cipher.encrypt(_nonce(self._number, is_last=is_last), plain, self._name))
        self._number += 1


class OpeningReader(BufferedIOBase):
    """Gives what was sealed, chunk by chunk, none before it was checked. Raises SealBroken."""

    def __init__(self, source: Source, *, key: str, name: str) -> None:
        self._source, self._name, self._number = source, name.encode(), 0
        if self._take(len(_MAGIC)) != _MAGIC:
            raise SealBroken("it was not written by this release")
        salt = self._take(_SALT_BYTES)
        self._cipher = _cipher(key, salt)
        self._ahead, self._plain, self._is_over = self._take(CHUNK_BYTES + _TAG_BYTES), b"", False

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        parts, wanted = [], -1 if size is None else size
        while wanted != 0 and (self._plain or self._open_next()):
            part = self._plain if wanted < 0 else self._plain[:wanted]
            self._plain = self._plain[len(part) :]
            wanted -= len(part) if wanted > 0 else 0
            parts.append(part)
        return b"".join(parts)

    def _open_next(self) -> bool:
        """Fill `_plain` with the next chunk that holds anything; False at the end."""
        while not self._is_over and not self._plain:
            sealed, self._ahead = self._ahead, self._take(CHUNK_BYTES + _TAG_BYTES)
            self._is_over = not self._ahead
            try:
                nonce = _nonce(self._number, is_last=self._is_over)
                self._plain = self._cipher.decrypt(nonce, sealed, self._name)
            except InvalidTag as error:
                raise SealBroken("it was cut short or changed, or another KARGOWEB_SECRET_KEY sealed it") from error
            self._number += 1
        return bool(self._plain)

    def _take(self, size: int) -> bytes:
        """Read as much as there is, up to `size`: sources may give less than they are asked for."""
        parts = []
        while size > 0 and (part := self._source.read(size)):
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


def _cipher(key: str, salt: bytes) -> AESGCM:
    info = b"kargoweb snapshots of work trees"
    return AESGCM(HKDF(SHA256(), length=32, salt=salt, info=info).derive(key.encode()))


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])
