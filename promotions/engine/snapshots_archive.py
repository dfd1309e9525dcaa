"""The files of a work tree as layers: what there is, what changed since the last layer, and the way back.

A layer is a compressed tar: first a header (JSON), then every entry that is new or changed; what is gone stands in
the header. Layers laid one upon the other give the tree. Kept: names of any bytes, modes, times to the nanosecond,
symbolic links as links. Not kept: owners, sockets and devices; names of one file become files of their own.
"""

import gzip
import hashlib
import json
import os
import shutil
import stat
import tarfile
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BufferedIOBase, BufferedReader, BytesIO
from pathlib import Path
from typing import Any

from integrations.errors import Aborted

HEADER = ".kargoweb-snapshot.json"

_BUFFER_BYTES = 256 * 1024
# Clocks of file systems tick in milliseconds: what changed just now may change again within the same tick.
_RACY_NS = 50_000_000
_FULL_ACCESS = 0o700


class LayerUnusable(Exception):
    """A layer is missing, or cannot be laid upon what is there."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file, directory or link, as far as is needed to see that it changed."""

    mode: int
    size_bytes: int = 0
    mtime_ns: int = 0
    ctime_ns: int = 0
    inode: int = 0
    # Of a file that might have changed again unseen.
    digest: str = ""


def list_entries(root: Path, *, leave_out: str) -> dict[str, Entry]:
    """All entries below `root` by relative path, parents before children; `leave_out` is one of them."""
    found: dict[str, Entry] = {}
    todo = [""]
    while todo:
        folder = todo.pop()
        with os.scandir(root / folder) as listing:
            for item in listing:
                name = f"{folder}/{item.name}" if folder else item.name
                facts = item.stat(follow_symlinks=False)
                if name == leave_out:
                    continue
                if stat.S_ISDIR(facts.st_mode):
                    # Its time tells only that something in it came or went.
                    found[name] = Entry(facts.st_mode)
                    todo.append(name)
                elif stat.S_ISREG(facts.st_mode) or stat.S_ISLNK(facts.st_mode):
                    times = (facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino)
                    found[name] = Entry(facts.st_mode, facts.st_size, *times)
    return found


def mark_racy(root: Path, entries: Mapping[str, Entry], names: Iterable[str]) -> dict[str, Entry]:
    """The entries, with digests for those of `names` whose next change the clock might not show."""
    since = time.time_ns() - _RACY_NS
    marked = dict(entries)
    for name in names:
        entry = entries[name]
        if stat.S_ISREG(entry.mode) and entry.ctime_ns > since:
            marked[name] = _with_digest(root, name, entry)
    return marked


def find_changed(root: Path, entries: Mapping[str, Entry], known: Mapping[str, Entry]) -> list[str]:
    """Names of entries that are not as they are known, parents before children."""
    return [name for name, entry in entries.items() if not _is_same(root, name, entry, known.get(name))]


def _is_same(root: Path, name: str, entry: Entry, known: Entry | None) -> bool:
    if known is None or replace(entry, digest=known.digest) != known:
        return False
    return not known.digest or _with_digest(root, name, entry) == known


def _with_digest(root: Path, name: str, entry: Entry) -> Entry:
    with _open_file(root / name) as file:
        digest = hashlib.file_digest(file, "blake2b").hexdigest()[:32]
    return replace(entry, digest=digest)


def write_layer(
    root: Path,
    target: BufferedIOBase,
    header: Mapping[str, Any],
    entries: Mapping[str, Entry],
    names: Iterable[str],
    *,
    should_stop: Callable[[], bool],
) -> None:
    """Write the header and these entries, compressed. Raises OSError when a file changes meanwhile, Aborted."""
    with (
        gzip.GzipFile(fileobj=target, mode="wb", compresslevel=1, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT, bufsize=_BUFFER_BYTES) as tar,
    ):
        text = json.dumps(header).encode()
        first = tarfile.TarInfo(HEADER)
        first.size = len(text)
        tar.addfile(first, BytesIO(text))
        for name in names:
            if should_stop():
                raise Aborted("The snapshot was stopped on request")
            _add(tar, root, name, entries[name])


def _add(tar: tarfile.TarFile, root: Path, name: str, entry: Entry) -> None:
    member = tarfile.TarInfo(name)
    member.mode = stat.S_IMODE(entry.mode) & 0o777
    seconds, rest = divmod(entry.mtime_ns, 1_000_000_000)
    member.pax_headers = {"mtime": f"{seconds}.{rest:09d}"}
    if stat.S_ISDIR(entry.mode):
        member.type = tarfile.DIRTYPE
        tar.addfile(member)
    elif stat.S_ISLNK(entry.mode):
        member.type, member.linkname = tarfile.SYMTYPE, os.readlink(root / name)
        tar.addfile(member)
    else:
        member.size = entry.size_bytes
        with _open_file(root / name) as file:
            tar.addfile(member, file)


def read_header(source: BufferedIOBase) -> dict[str, Any]:
    """Only the header of a layer. Raises LayerUnusable."""
    with _open_layer(source) as (_, header):
        return header


def lay(
    source: BufferedIOBase, root: Path, *, should_stop: Callable[[], bool]
) -> tuple[dict[str, Any], dict[str, int]]:
    """Lay one layer upon `root`: take away what is gone, put what is new.

    Returns its header, and the modes of its directories by name for `set_modes` after the last layer: until then all
    can be written to. Nothing is written through a link. Raises LayerUnusable, Aborted.
    """
    modes: dict[str, int] = {}
    with _open_layer(source) as (tar, header):
        for name in sorted(header["gone"], reverse=True):
            _clear(_place(root, name))
        while (member := tar.next()) is not None:
            if should_stop():
                raise Aborted("Restoring the snapshot was stopped on request")
            if member.isdir():
                modes[member.name] = member.mode
            _put(tar, member, _place(root, member.name))
        # Only at the very end the seal is seen to be whole.
        while source.read(_BUFFER_BYTES):
            pass
    return header, modes


def set_modes(root: Path, modes: Mapping[str, int]) -> None:
    """Give directories their modes, deepest first; those that later layers took away are left out."""
    for name in sorted(modes, reverse=True):
        path = root / name
        if path.is_dir() and not path.is_symlink():
            path.chmod(modes[name])


@contextmanager
def _open_layer(source: BufferedIOBase) -> Iterator[tuple[tarfile.TarFile, dict[str, Any]]]:
    """A layer, with its header read."""
    try:
        with (
            gzip.GzipFile(fileobj=source) as packed,
            tarfile.open(fileobj=packed, mode="r|", format=tarfile.PAX_FORMAT, bufsize=_BUFFER_BYTES) as tar,
        ):
            first = tar.next()
            content = tar.extractfile(first) if first is not None and first.name == HEADER else None
            if content is None:
                raise LayerUnusable("it has no header")
            yield tar, json.load(content)
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, ValueError, KeyError) as error:
        raise LayerUnusable(f"it cannot be unpacked ({error})") from error


def remove_tree(path: Path) -> None:
    """Delete a directory with everything in it, whatever its modes; harmless when it is missing."""
    if not path.is_dir():
        return
    todo = [path]
    while todo:
        folder = todo.pop()
        folder.chmod(_FULL_ACCESS)
        with os.scandir(folder) as listing:
            todo += [Path(item.path) for item in listing if item.is_dir(follow_symlinks=False)]
    shutil.rmtree(path)


def _place(root: Path, name: str) -> Path:
    """Where an entry goes; its parents must be directories of the tree itself."""
    parts = name.split("/")
    if not name or name.startswith("/") or any(part in ("", ".", "..") for part in parts):
        raise LayerUnusable(f"it holds the name {name!r}, which is none of a file in a work tree")
    current = root
    for part in parts[:-1]:
        current = current / part
        if current.is_symlink() or not current.is_dir():
            raise LayerUnusable(f"{name!r} does not lie in a directory of the tree")
    return current / parts[-1]


def _clear(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _put(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    if member.isdir():
        if path.is_symlink() or not path.is_dir():
            _clear(path)
            path.mkdir(mode=_FULL_ACCESS)
        return
    _clear(path)
    if member.issym():
        os.symlink(member.linkname, path)
    elif member.isreg():
        content: Any = tar.extractfile(member)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
            shutil.copyfileobj(content, file, _BUFFER_BYTES)
            os.fchmod(file.fileno(), member.mode)
    else:
        raise LayerUnusable(f"{member.name!r} is neither file, directory nor link")
    seconds, _, rest = member.pax_headers["mtime"].partition(".")
    nanoseconds = int(seconds) * 1_000_000_000 + int(rest)
    os.utime(path, ns=(nanoseconds, nanoseconds), follow_symlinks=False)


def _open_file(path: Path) -> BufferedReader:
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb")
