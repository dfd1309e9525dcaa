"""Write and extract tar archives, within limits and without a way out of the target directory.

Source: Kargo code `tar_creator.go`, `tar_extractor.go`.
Differs: a leading `./` is taken off instead of skipping the entry; owners are not kept; ignore rules really match.
"""

import gzip
import os
import tarfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, cast

from promotions.files.errors import DocumentError
from promotions.files.trees import IgnoreRules, TreeEntry

MAX_FILE_BYTES = 50 * 1024 * 1024
MAX_TOTAL_BYTES = 100 * 1024 * 1024
MAX_ENTRIES = 100_000
# Everything that comes out of gzip: what is skipped costs time, too.
MAX_STREAM_BYTES = 1024 * 1024 * 1024

_MAX_HEADER_BYTES = 1024 * 1024
_BUFFER_BYTES = 256 * 1024
_GZIP_MAGIC = b"\x1f\x8b"
_DIRECTORY_MODE = 0o750
_LONG_HEADERS = frozenset({b"L", b"K", b"x", b"g", b"X"})
_MAX_NAMED = 5
# A ustar header of a regular file of nobody: name, mode, owner, group, size, time | checksum, type | the rest.
_FRONT = b"%b%07o\x000000000\x000000000\x00%011o\x00%011o\x00"
_REST = bytes(100) + b"ustar\x0000" + bytes(247)
_SUM_OF_REST = sum(_REST) + sum(b" " * 8) + ord("0")


@dataclass(frozen=True, slots=True)
class Extracted:
    """How many files came out; `passed_over` counts entries that may not, `examples` are names of the first ones."""

    files: int
    passed_over: int
    examples: tuple[str, ...]


class ArchiveWriter:
    """Adds files one by one and keeps the limits. Raises DocumentError."""

    def __init__(self, file: BinaryIO, *, compress: bool) -> None:
        # Neither time nor name in the gzip header: the same files give the same archive.
        self._gzip = gzip.GzipFile("", "wb", 6, file, mtime=0) if compress else None
        self._stream = cast("IO[bytes]", self._gzip or file)
        self._total = 0
        self.count = 0

    def add(self, name: str, item: TreeEntry) -> None:
        """Add a directory, symlink or regular file; other kinds are passed over."""
        if item.is_file:
            self.add_file(name, item.entry.path)
        elif item.is_directory:
            self._stream.write(_write_header(name, item.entry.stat(follow_symlinks=False), tarfile.DIRTYPE))
        elif item.entry.is_symlink():
            status, link = os.lstat(item.entry.path), os.readlink(item.entry.path)
            self._stream.write(_write_header(name, status, tarfile.SYMTYPE, link=link))

    def add_file(self, name: str, path: str) -> None:
        """Add a regular file; a symlink put in its place meanwhile is not followed."""
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            status = os.fstat(handle)
            size = status.st_size
            if size > MAX_FILE_BYTES:
                raise DocumentError(_say_file_limit(name))
            self._total += size
            if self._total > MAX_TOTAL_BYTES:
                raise DocumentError(_say_total_limit())
            self._stream.write(_write_header(name, status, tarfile.REGTYPE))
            left = size
            while left and (chunk := os.read(handle, min(left, _BUFFER_BYTES))):
                self._stream.write(chunk)
                left -= len(chunk)
            if left:
                raise DocumentError(f'"{name}" became smaller while it was read')
            self._stream.write(bytes(-size % tarfile.BLOCKSIZE))
        finally:
            os.close(handle)
        self.count += 1

    def close(self) -> None:
        """Write the end of the archive; the file underneath stays open."""
        self._stream.write(bytes(2 * tarfile.BLOCKSIZE))
        if self._gzip:
            self._gzip.close()


def _write_header(name: str, status: os.stat_result, kind: bytes, *, link: str = "") -> bytes:
    mode, mtime = status.st_mode & 0o777, int(status.st_mtime)
    size = status.st_size if kind == tarfile.REGTYPE else 0
    if kind == tarfile.REGTYPE and len(name) <= 100 and name.isascii() and mtime >= 0:
        # The library takes fifty microseconds for a header, which is most of the time of a tree of small files.
        front = _FRONT % (name.encode().ljust(100, b"\x00"), mode, size, mtime)
        return front + b"%06o\0 0" % (sum(front) + _SUM_OF_REST) + _REST
    header = tarfile.TarInfo(name)
    header.type, header.mode, header.mtime, header.size, header.linkname = kind, mode, mtime, size, link
    return header.tobuf(tarfile.PAX_FORMAT)


def extract_archive(
    archive: Path, target: Path, *, strip: int, rules: IgnoreRules, should_stop: Callable[[], bool]
) -> Extracted | None:
    """Extract into an empty directory; None: `should_stop` ended it.

    Raises DocumentError when this is no archive or too large a one, and what opening raises.
    """
    with archive.open("rb") as file:
        magic = file.read(2)
        file.seek(0)
        try:
            stream = cast("IO[bytes]", gzip.GzipFile(fileobj=file) if magic == _GZIP_MAGIC else file)
            metered = cast("IO[bytes]", _Metered(stream))
            with tarfile.open(fileobj=metered, mode="r|", tarinfo=_CheckedHeader) as tar:
                return _Extraction(target, strip, rules).run(tar, should_stop)
        except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error, ValueError, RecursionError) as error:
            raise DocumentError(f"it is not a whole tar archive: {error}") from error


class _Extraction:
    def __init__(self, target: Path, strip: int, rules: IgnoreRules) -> None:
        self._strip, self._rules = strip, rules
        self._total = self._entries = self._files = self._passed_over = 0
        self._examples: list[str] = []
        # Directories that are made and were reached without a symlink, by their names in the archive.
        self._plain = {"": target}

    def run(self, tar: tarfile.TarFile, should_stop: Callable[[], bool]) -> Extracted | None:
        for member in tar:
            # The library keeps them all otherwise.
            tar.members = []  # type: ignore[attr-defined]
            self._entries += 1
            if self._entries > MAX_ENTRIES:
                raise DocumentError(f"it has more than {MAX_ENTRIES} entries")
            if should_stop():
                return None
            name = self._name_of(member)
            if name is None:
                self._pass_over(member)
            elif name and not self._rules.ignore(name, is_directory=member.isdir()):
                self._extract(tar, member, name)
        return Extracted(self._files, self._passed_over, tuple(self._examples))

    def _pass_over(self, member: tarfile.TarInfo) -> None:
        self._passed_over += 1
        if len(self._examples) < _MAX_NAMED:
            self._examples.append(member.name)

    def _name_of(self, member: tarfile.TarInfo) -> str | None:
        """Where the entry goes, relative to the target; "" when nothing is left of it, None when it may not."""
        if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE):
            return None
        name = "/".join(member.name.split("/")[self._strip :])
        while name.startswith("./"):
            name = name[2:]
        if name in ("", "."):
            return ""
        # Sparse files would come out larger than they say.
        return name if is_inside(name) and member.sparse is None else None

    def _extract(self, tar: tarfile.TarFile, member: tarfile.TarInfo, name: str) -> None:
        parent, _, last = name.rstrip("/").rpartition("/")
        folder = self._make(parent)
        if folder is None or last in ("", "."):
            self._pass_over(member)
        elif member.isdir():
            self._make(name.rstrip("/"))
        elif member.issym():
            link = folder / last
            if is_inside(member.linkname.removeprefix("./")) and not os.path.lexists(link):
                os.symlink(member.linkname, link)
            else:
                self._pass_over(member)
        else:
            self._write(tar, member, f"{folder}/{last}", name)

    def _make(self, relative: str) -> Path | None:
        """Make a directory and those above it; None when one of them is a symlink or a file."""
        if relative in self._plain:
            return self._plain[relative]
        parent, _, last = relative.rpartition("/")
        above = self._make(parent)
        if above is None:
            return None
        path = above / last if last not in ("", ".") else above
        if path.is_symlink() or path.is_file():
            return None
        if path != above and not path.is_dir():
            path.mkdir()
            path.chmod(_DIRECTORY_MODE)
        self._plain[relative] = path
        return path

    def _write(self, tar: tarfile.TarFile, member: tarfile.TarInfo, path: str, name: str) -> None:
        if member.size > MAX_FILE_BYTES:
            raise DocumentError(_say_file_limit(name))
        self._total += member.size
        if self._total > MAX_TOTAL_BYTES:
            raise DocumentError(_say_total_limit())
        source = tar.extractfile(member)
        handle = _create(path)
        if source is None or handle is None:
            self._pass_over(member)
            return
        try:
            while chunk := source.read(_BUFFER_BYTES):
                _write_all(handle, chunk)
            os.fchmod(handle, member.mode & 0o777)
            os.utime(handle, (member.mtime, member.mtime))
        finally:
            os.close(handle)
        self._files += 1


def is_inside(name: str) -> bool:
    """Tell whether a name in an archive stays in the directory it is extracted to."""
    if not name or name.startswith("/") or "\\" in name:
        return False
    return ".." not in PurePosixPath(name).parts


def _create(path: str) -> int | None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    try:
        return os.open(path, flags, 0o600)
    except FileExistsError:
        if os.path.isdir(path) and not os.path.islink(path):
            return None
        # The same name once more: the later entry counts.
        os.unlink(path)
        return os.open(path, flags, 0o600)


def _write_all(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


class _Metered:
    """Counts what is really read, whatever headers say."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._left = stream, MAX_STREAM_BYTES

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise DocumentError(f"it holds more than {MAX_STREAM_BYTES // 1024**3} GiB")
        return data


class _CheckedHeader(tarfile.TarInfo):
    """Refuses headers that the library would read past, or into memory whatever their size."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> "_CheckedHeader":
        if 0 < len(buf) < tarfile.BLOCKSIZE:
            raise DocumentError("it is not a whole tar archive: it ends inside a header")
        try:
            header = super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            # A block of zeros ends the archive, and so does the end of the file.
            if any(buf):
                raise DocumentError(f"it is not a whole tar archive: {error}") from error
            raise
        if header.size < 0 or (header.type in _LONG_HEADERS and header.size > _MAX_HEADER_BYTES):
            raise DocumentError("it is not a tar archive that can be trusted: a header has an impossible size")
        return header


def _say_file_limit(name: str) -> str:
    return f'"{name}" is larger than {MAX_FILE_BYTES // 1024**2} MiB, the limit for one file'


def _say_total_limit() -> str:
    return f"all files together are larger than {MAX_TOTAL_BYTES // 1024**2} MiB, the limit for an archive"
