"""Snapshots of work trees: another machine goes on with a promotion when the one that began it is gone.

A snapshot is a chain of layers in Django's storage, `<promotion>/<number>-<random>`: the whole tree first, then
what changed (`snapshots_archive`), each sealed (`snapshots_cipher`), for a work tree may hold secrets. A layer never
changes and never takes another one's name, so a worker that lost its lease spoils nothing. The promotion's row names
the layer that belongs to its finished steps; what no row names does not count, so half of anything is never used.

The tree remembers in a file of ours which layer it is at. When the row says another one, a worker elsewhere has gone
on, and the tree here is not the promotion's any more. After `keep_tree`, and before the row is written, the tree
remembers both.

What cannot be stored (too large, storage away) gets a name too: the promotion goes on, here; elsewhere nothing is
found under that name, and it would start again at the first step. Git clones: see `snapshots_clones`.

Source: Kargo code, promotion controller: there a lost work directory means the first step again.
Differs: with snapshots it need not be lost.
"""

import contextlib
import logging
import re
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.core.files.base import File
from django.core.files.storage import Storage

from integrations.errors import Aborted, IntegrationError, RateLimited, TimedOut, Unreachable
from integrations.git.environment import Console, Remote
from integrations.git.mirrors import mirrors_at
from promotions.engine import snapshots_archive as archive
from promotions.engine.capabilities import ProjectCredentials, SiteGit
from promotions.engine.masking import Masker
from promotions.engine.site import Site
from promotions.engine.snapshots_archive import LayerUnusable
from promotions.engine.snapshots_cipher import OpeningReader, SealBroken, SealingWriter, Source
from promotions.engine.snapshots_clones import CloneUnusable, attach_clones, carry_unreachable, describe_clones
from promotions.engine.snapshots_notes import NOTE, TreeNote, make_private_dir
from promotions.engine.snapshots_storage import SnapshotStore
from promotions.engine.workspace import directory, is_done_with, remove_workspace
from promotions.models import Promotion

logger = logging.getLogger(__name__)

# Longer chains are begun anew: each layer is one more file to fetch.
_MOST_LAYERS = 16
_NAME = re.compile(r"\d+-[0-9a-z]+/\d{4}-[0-9a-f]{16}")
_FOLDER = re.compile(r"\d+-[0-9a-z]+")
# A layer's number is its place in the chain: this one is fetched in one go.
_WHOLE = "/0000-"
_RESTORING = ".restoring"


class SnapshotNotSaved(Exception):
    """The work tree could not be stored; the message says why and what to do."""


class TreeNotReady(Exception):
    """The tree cannot be fetched now, but may be later: something outside does not answer."""


@dataclass(frozen=True, slots=True)
class Telling:
    """How a pass is told of and stopped: `log(text, stream)` writes into the promotion's log."""

    log: Callable[[str, str], None]
    should_stop: Callable[[], bool]


def keep_tree(promotion: Promotion, workdir: Path, *, store: SnapshotStore, telling: Telling) -> str:
    """Store the tree if it changed; returns the name for the row, to be written with the step.

    Never fails: what cannot be stored is told once in the promotion's log, and has a name that leads nowhere.
    """
    note = TreeNote.read(workdir)
    try:
        return save_snapshot(promotion, workdir, store=store, should_stop=telling.should_stop)
    except Aborted:
        # The lease is lost, or the promotion is ended: nobody goes on with this tree.
        return note.name
    except Exception as error:  # any storage with any error of its own: none of them may end a promotion
        logger.warning("Snapshot not saved", exc_info=True, extra={"promotion": promotion.name})
        trouble = _say_trouble(error)
        if trouble != note.trouble:
            telling.log(
                f"The work tree was not stored: {trouble}. The promotion goes on; if this machine is lost, it starts "
                "again at the first step.",
                "err",
            )
        return _name_unstored(promotion, workdir, note, trouble)


def save_snapshot(
    promotion: Promotion, workdir: Path, *, store: SnapshotStore, should_stop: Callable[[], bool]
) -> str:
    """Store what changed since the last layer; returns the name of the newest one.

    Raises SnapshotNotSaved, Aborted, IntegrationError, and whatever the storage raises.
    """
    make_private_dir(workdir)
    note = TreeNote.read(workdir)
    entries = archive.list_entries(workdir, leave_out=NOTE)
    changed = archive.find_changed(workdir, entries, note.entries)
    gone = sorted(note.entries.keys() - entries.keys())
    if note.chain and not changed and not gone:
        if note.name != note.chain[-1]:
            # It is again as it was stored last; between the two it could not be stored.
            replace(note, lineage=note.named(note.chain[-1]), trouble="").write(workdir)
        return note.chain[-1]
    if carry_unreachable(workdir, promotion.name):
        entries = archive.list_entries(workdir, leave_out=NOTE)
        changed = archive.find_changed(workdir, entries, note.entries)
    _check_size(sum(entry.size_bytes for entry in entries.values()), store.limit_bytes)
    chain = note.chain
    if len(chain) >= _MOST_LAYERS:
        chain, changed, gone = (), list(entries), []
    name = _new_name(promotion, chain)
    header = {
        "chain": chain,
        "gone": gone,
        "workdir": str(workdir),
        "kept": describe_clones(workdir, promotion.name),
    }
    # A file without a name: nothing is left of it when the worker is killed.
    with tempfile.TemporaryFile(dir=workdir.parent) as spool:
        writer = SealingWriter(spool, key=store.secret_key, name=name)
        archive.write_layer(workdir, writer, header, entries, changed, should_stop=should_stop)
        writer.finish()
        spool.seek(0)
        marked = archive.mark_racy(workdir, entries, changed)
        # Before: a worker killed while it stores has a tree that may be at either name.
        replace(note, lineage=note.named(name)).write(workdir)
        stored = store.storage.save(name, File(spool, name=name))
    if stored != name:
        raise SnapshotNotSaved(f'the storage put it under another name ("{stored}"): let it overwrite files')
    TreeNote(lineage=note.named(name), chain=(*chain, name), entries=marked).write(workdir)
    return name


def bring_tree(
    promotion: Promotion, recorded: str, *, site: Site, store: SnapshotStore, masker: Masker, telling: Telling
) -> None:
    """Make the directory of the promotion the tree that its row names, or take it away.

    Afterwards a missing directory means what it always means: start at the first step. Raises TreeNotReady.
    """
    workdir = directory(site.work_dir, promotion)
    lineage = TreeNote.read(workdir).lineage if workdir.is_dir() else ()
    if lineage and lineage[-1] == recorded:
        return
    if recorded and restore_snapshot(
        promotion, workdir, name=recorded, site=site, store=store, masker=masker, telling=telling
    ):
        telling.log("The work tree was brought from where the last worker stored it.", "info")
        return
    if recorded in lineage:
        # A worker was killed between storing and writing the row: its step runs again in the tree as it left it.
        replace(TreeNote.read(workdir), lineage=(recorded,)).write(workdir)
    else:
        remove_workspace(site.work_dir, promotion)


def restore_snapshot(
    promotion: Promotion,
    workdir: Path,
    *,
    name: str,
    site: Site,
    store: SnapshotStore,
    masker: Masker,
    telling: Telling,
) -> bool:
    """Put the stored tree in place of what is at `workdir`; False, with the reason in the log, if it is of no use.

    Raises TreeNotReady when a later try may succeed; then nothing has changed.
    """
    draft = workdir.with_name(f"{workdir.name}{_RESTORING}")
    site.work_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    archive.remove_tree(draft)
    try:
        draft.mkdir(mode=0o700)
        header = _lay_all(promotion, draft, name, store, telling.should_stop)
        _attach(promotion, draft, workdir, header, site, masker, telling)
        # Not `remove_workspace`: the mirrors keep what the new tree needs under the same name.
        archive.remove_tree(workdir)
        draft.rename(workdir)
    except (SealBroken, LayerUnusable, CloneUnusable) as error:
        telling.log(f"The stored work tree cannot be used: {error}.", "err")
        return False
    except (Unreachable, RateLimited, TimedOut, Aborted) as error:
        raise TreeNotReady(f"The stored work tree cannot be brought here now: {error}") from error
    except IntegrationError as error:
        telling.log(f"The stored work tree cannot be used: {error}", "err")
        return False
    except OSError as error:
        raise TreeNotReady(f"The stored work tree cannot be brought here now: {error.strerror or error}") from error
    finally:
        archive.remove_tree(draft)
    return True


def forget_snapshots(promotion: Promotion, *, store: SnapshotStore) -> None:
    """Delete all layers of a promotion; harmless when there are none. A storage that is away is left to the sweep."""
    try:
        _forget(store.storage, _folder(promotion))
    except Exception:  # any storage with any error of its own: none of them may hold up the end of a promotion
        logger.warning("Snapshots not deleted yet", exc_info=True, extra={"promotion": promotion.name})


def sweep_snapshots(work_dir: Path, *, store: SnapshotStore, kept: timedelta, now: datetime) -> None:
    """Delete the layers, and trees half brought, that nobody comes back for (see `workspace.sweep`).

    Only what we name is ours: other things in the storage are left alone.
    """
    folders, _ = _list(store.storage, "")
    for folder in folders:
        if _FOLDER.fullmatch(folder) and _is_over(folder, kept=kept, now=now):
            _forget(store.storage, folder)
    for draft in work_dir.glob(f"*{_RESTORING}"):
        if _is_over(draft.name, kept=kept, now=now):
            archive.remove_tree(draft)


def _is_over(folder: str, *, kept: timedelta, now: datetime) -> bool:
    promotion = Promotion.objects.filter(pk=int(folder.partition("-")[0])).first()
    return promotion is None or is_done_with(promotion, kept=kept, now=now)


def _forget(storage: Storage, folder: str) -> None:
    for name in _list(storage, folder)[1]:
        storage.delete(f"{folder}/{name}")
    # A file system keeps the empty directory; object storage never had one.
    storage.delete(folder)


def _list(storage: Storage, folder: str) -> tuple[list[str], list[str]]:
    try:
        folders, files = storage.listdir(folder)
    except FileNotFoundError:
        return [], []
    return folders, files


def _say_trouble(error: Exception) -> str:
    """What people may read of it; the worker's log has the rest."""
    if isinstance(error, SnapshotNotSaved | IntegrationError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror} ({type(error).__name__})"
    return f"the storage of snapshots does not answer as it should ({type(error).__name__})"


def _name_unstored(promotion: Promotion, workdir: Path, note: TreeNote, trouble: str) -> str:
    """A name that leads nowhere; the one the tree has, when that is such a name already."""
    is_stored = not note.name or note.name in note.chain
    name = _new_name(promotion, note.chain) if is_stored else note.name
    with contextlib.suppress(OSError):
        replace(note, lineage=note.named(name), trouble=trouble).write(workdir)
    return name


def _new_name(promotion: Promotion, below: tuple[str, ...]) -> str:
    return f"{_folder(promotion)}/{len(below):04d}-{secrets.token_hex(8)}"


def _folder(promotion: Promotion) -> str:
    return directory(Path(), promotion).name


def _check_size(size_bytes: int, limit_bytes: int) -> None:
    if size_bytes > limit_bytes:
        raise SnapshotNotSaved(
            f"its files take {size_bytes:,} bytes, more than the {limit_bytes:,} of KARGOWEB_SNAPSHOT_MAX_BYTES"
        )


def _lay_all(
    promotion: Promotion, draft: Path, name: str, store: SnapshotStore, should_stop: Callable[[], bool]
) -> dict[str, Any]:
    """Lay all layers of the chain, note what lies there; returns the header of the last."""
    chain = (*_read_chain(promotion, name, store), name)
    modes: dict[str, int] = {}
    for layer in chain:
        with _open(promotion, layer, store) as source:
            header, found = archive.lay(source, draft, should_stop=should_stop)
        modes |= found
    archive.set_modes(draft, modes)
    entries = archive.list_entries(draft, leave_out=NOTE)
    # Before paths are rewritten: the files that know their place belong to the next layer.
    TreeNote((name,), chain, archive.mark_racy(draft, entries, entries)).write(draft)
    return header


def _read_chain(promotion: Promotion, name: str, store: SnapshotStore) -> tuple[str, ...]:
    """The layers below this one."""
    if _WHOLE in name:
        return ()
    with _open(promotion, name, store) as source:
        return tuple(archive.read_header(source)["chain"])


@contextmanager
def _open(promotion: Promotion, name: str, store: SnapshotStore) -> Iterator[OpeningReader]:
    if not _NAME.fullmatch(name) or not name.startswith(f"{_folder(promotion)}/"):
        raise LayerUnusable(f"{name!r} is no snapshot of this promotion")
    try:
        file = store.storage.open(name)
    except FileNotFoundError as error:
        raise LayerUnusable("it was not stored, or is not in the storage any more") from error
    except Exception as error:  # any storage with any error of its own
        raise _not_ready(error) from error
    with file:
        yield OpeningReader(_Fetched(file), key=store.secret_key, name=name)


class _Fetched:
    """A file of the storage, whose troubles are told from those of this machine."""

    def __init__(self, file: Source) -> None:
        self._file = file

    def read(self, size: int, /) -> bytes:
        try:
            data: bytes = self._file.read(size)
        except Exception as error:  # any storage with any error of its own
            raise _not_ready(error) from error
        return data


def _not_ready(error: Exception) -> TreeNotReady:
    logger.warning("Snapshot storage failed", exc_info=error)
    return TreeNotReady(
        f"The storage of snapshots does not answer as it should ({type(error).__name__}); "
        "the log of the worker has the details."
    )


def _attach(
    promotion: Promotion,
    draft: Path,
    workdir: Path,
    header: dict[str, Any],
    site: Site,
    masker: Masker,
    telling: Telling,
) -> None:
    git, credentials = SiteGit(site), ProjectCredentials(promotion.project, masker)

    def connect(url: str, skip_tls_verify: bool) -> Remote:
        return Remote(
            url,
            credentials=credentials.find("git", url),
            skip_tls_verify=skip_tls_verify,
            allow_local=git.allow_file_protocol,
            reach=git.reach,
        )

    attach_clones(
        draft,
        workdir,
        old_workdir=header["workdir"],
        kept=header["kept"],
        promotion_name=promotion.name,
        mirrors=mirrors_at(site.mirrors_dir),
        connect=connect,
        console=Console(log=lambda _, line: telling.log(line, "out"), should_stop=telling.should_stop),
    )
