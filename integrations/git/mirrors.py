"""All mirrors of this machine, and the door to them: nobody reads a mirror without proof of access.

The proof is a successful `ls-remote` with the caller's own credentials. It holds for a minute, in this
process.
"""

import contextlib
import hashlib
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from integrations.errors import Aborted, IntegrationError, TimedOut
from integrations.git.environment import SILENT, Console, Remote
from integrations.git.mirror import Mirror, MirrorDamaged, Wanted
from integrations.git.remote import Refs, TagRef, list_refs

ACCESS_HOLDS_FOR = timedelta(seconds=60)

PACKED_EVERY = timedelta(days=1)

_POLL_SECONDS = 0.1
_IMPATIENT = Console(should_stop=lambda: True)


@dataclass(frozen=True, slots=True)
class _Sighting:
    """What one `ls-remote` showed, begun at `asked_at` (seconds since the epoch)."""

    asked_at: float
    refs: Refs


@dataclass(frozen=True, slots=True)
class _Refusal:
    """An `ls-remote` that failed. Those who waited for it do not each wait for the same host again."""

    asked_at: float
    error: IntegrationError


class Mirrors:
    """The mirrors below one directory. Keep one object per process: it remembers who may read what."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._salt = secrets.token_bytes(16)
        self._sightings: dict[str, _Sighting | _Refusal] = {}
        self._guard = threading.Lock()
        self._asking: dict[str, threading.Lock] = {}

    def observe(self, remote: Remote, *, seen_after: datetime | None = None, console: Console = SILENT) -> Refs:
        """List the remote's refs as they were at `seen_after` (default: now) or later.

        Callers of one process who ask at the same time share one `ls-remote`.
        """
        return self._sight(remote, _seconds(seen_after), console).refs

    def open(self, remote: Remote, *, console: Console = SILENT) -> Mirror:
        """Return the mirror as it is, after a proof of access at most a minute old. It may not exist yet."""
        try:
            self._sight(remote, time.time() - ACCESS_HOLDS_FOR.total_seconds(), console)
        except (Aborted, TimedOut):
            raise
        except IntegrationError:
            # A refusal is not worth remembering: the credential may have been put right since.
            self._sight(remote, time.time(), console)
        return self._mirror(remote)

    def update(
        self, remote: Remote, wanted: Wanted, *, seen_after: datetime | None = None, console: Console = SILENT
    ) -> tuple[Mirror, Refs]:
        """Make sure that the mirror has what is wanted; fetch only when the remote shows something new.

        The refs returned name the ids that the mirror has, for the wanted ones. Those who wait for a fetch
        share its result. A damaged mirror is rebuilt. `seen_after` as in `observe`.
        """
        sighting = self._sight(remote, _seconds(seen_after), console)
        mirror = self._mirror(remote)
        try:
            if self._is_current(mirror, wanted, sighting.refs):
                return mirror, sighting.refs
        except MirrorDamaged:
            pass  # found again, and dealt with, under the lock
        with mirror.locked(console) as lock:
            if mirror.fetched_at_seconds() > sighting.asked_at:
                # Somebody fetched while we waited, and saw the remote later than we did.
                sighting = self._sight(remote, time.time(), console)
            try:
                return mirror, self._fetch(mirror, remote, wanted, sighting.refs, console, lock)
            except MirrorDamaged:
                console.log("stderr", "The local mirror of the repository is damaged; building it again")
                self._rebuild(mirror, remote, sighting.refs, console, lock)
                return mirror, self._fetch(mirror, remote, wanted, sighting.refs, console, lock)

    def adopt(self, remote: Remote, branch: str, commit: str, *, source: Path) -> None:
        """After a push: take the commit over from the clone `source`, so that the next clone need not fetch it.

        Only a cache is filled: what goes wrong is left to the next `update`.
        """
        mirror = self._mirror(remote)
        if not mirror.exists():
            return
        with mirror.locked() as lock, contextlib.suppress(IntegrationError):
            clone = Remote(str(source), allow_local=True)
            mirror.fetch_specs(clone, [f"+{commit}:refs/heads/{branch}"], SILENT, lock)

    def rebuild(self, remote: Remote, *, console: Console = SILENT) -> Mirror:
        """Build the mirror anew from the remote; what was kept or borrowed is kept if it can still be had."""
        sighting = self._sight(remote, time.time(), console)
        mirror = self._mirror(remote)
        with mirror.locked(console) as lock:
            self._rebuild(mirror, remote, sighting.refs, console, lock)
        return mirror

    def maintain_one(self, *, should_stop: Callable[[], bool] = SILENT.should_stop) -> bool:
        """Pack one mirror whose turn it is and that no work tree uses; False when there is none.

        What is cut off, or fails, has its next turn a day later.
        """
        return any(self._maintain(Mirror(path), Console(should_stop=should_stop)) for path in self.root.glob("*.git"))

    def _maintain(self, mirror: Mirror, console: Console) -> bool:
        if console.should_stop() or not _is_unpacked(mirror):
            return False
        try:
            # Whoever holds the lock works on the mirror: there is always another time.
            with mirror.locked(_IMPATIENT) as lock:
                return _is_unpacked(mirror) and mirror.pack(console, lock)
        except (Aborted, MirrorDamaged):
            return False  # its next reader finds the damage and builds it again

    def _sight(self, remote: Remote, since: float, console: Console) -> _Sighting:
        who = self._fingerprint(remote)
        with self._guard:
            asking = self._asking.setdefault(who, threading.Lock())
        while not asking.acquire(timeout=_POLL_SECONDS):
            if console.should_stop():
                raise Aborted("Reading the refs of the repository was stopped on request")
        try:
            known = self._sightings.get(who)
            if known is None or known.asked_at < since:
                known = self._sightings[who] = self._ask(remote, console)
        finally:
            asking.release()
        if isinstance(known, _Refusal):
            raise known.error
        return known

    def _ask(self, remote: Remote, console: Console) -> "_Sighting | _Refusal":
        asked_at = time.time()
        try:
            return _Sighting(asked_at, list_refs(remote, console=replace(console, log=_silent)))
        except (Aborted, TimedOut):
            raise
        except IntegrationError as error:
            return _Refusal(asked_at, error)

    def _fingerprint(self, remote: Remote) -> str:
        """Tell apart who asks for what, without holding a secret."""
        parts = [remote.address, type(remote.credentials).__name__, str(remote.skip_tls_verify)]
        if remote.credentials is not None:
            parts += [getattr(remote.credentials, "username", ""), *remote.credentials.secrets()]
        return hashlib.blake2b("\0".join(parts).encode(), key=self._salt).hexdigest()

    def _mirror(self, remote: Remote) -> Mirror:
        return Mirror(self.root / f"{hashlib.sha256(remote.key.encode()).hexdigest()[:32]}.git")

    def _is_current(self, mirror: Mirror, wanted: Wanted, refs: Refs) -> bool:
        if not mirror.exists():
            return False
        names = wanted.select(refs)
        local = mirror.local_refs()
        if any(local.get(name) != object_id for name, object_id in names.items()):
            return False
        commits = _as_commits(wanted.commit_ids)
        missing = mirror.missing([*names.values(), *commits])
        if not missing.isdisjoint(names.values()):
            raise MirrorDamaged("The mirror misses commits that it should have")
        return missing.isdisjoint(commits)

    def _fetch(self, mirror: Mirror, remote: Remote, wanted: Wanted, refs: Refs, console: Console, lock: int) -> Refs:
        if not mirror.exists():
            shutil.rmtree(mirror.path, ignore_errors=True)
            mirror.create(remote, object_format=_object_format(refs))
        names = wanted.select(refs)
        if not self._is_current(mirror, wanted, refs):
            stale = _differing(names, mirror.local_refs())
            if stale:
                mirror.fetch(remote, stale, refs, console, lock)
            if mirror.missing(_as_commits(wanted.commit_ids)):
                self._fetch_commits(mirror, remote, wanted, refs, console, lock)
        return _with_local(refs, mirror.local_refs(), names)

    def _fetch_commits(
        self, mirror: Mirror, remote: Remote, wanted: Wanted, refs: Refs, console: Console, lock: int
    ) -> None:
        """Look for commits on all branches and tags, then ask the host by id, which not all hosts allow."""
        everything = Wanted(all_branches=True, all_tags=True).select(refs)
        stale = _differing(everything, mirror.local_refs())
        if stale:
            mirror.fetch(remote, stale, refs, console, lock)
        for commit in wanted.commit_ids:
            if mirror.missing(_as_commits((commit,))):
                try:
                    mirror.fetch_specs(remote, [commit], console, lock)
                except MirrorDamaged:
                    raise
                except IntegrationError as error:
                    console.log("stderr", f"The host does not hand out commit {commit} by its id: {error}")

    def _rebuild(self, mirror: Mirror, remote: Remote, refs: Refs, console: Console, lock: int) -> None:
        fresh = Mirror(mirror.path.with_suffix(".new"))
        shutil.rmtree(fresh.path, ignore_errors=True)
        fresh.create(remote, object_format=_object_format(refs))
        names = Wanted(all_branches=True, all_tags=True).select(refs)
        fresh.fetch(remote, names, refs, console, lock)
        fresh.adopt_kept(mirror, remote, console, lock)
        mirror.replace_with(fresh)


def _is_unpacked(mirror: Mirror) -> bool:
    packed_at = mirror.packed_at_seconds()
    return packed_at is not None and packed_at < time.time() - PACKED_EVERY.total_seconds()


def _seconds(instant: datetime | None) -> float:
    return time.time() if instant is None else instant.timestamp()


def _silent(_stream: str, _line: str) -> None:
    """Swallow a line: the ref list is no news for a promotion's log."""


def _as_commits(commits: tuple[str, ...]) -> list[str]:
    return [f"{commit}^{{commit}}" for commit in commits]


def _differing(names: Mapping[str, str], local: Mapping[str, str]) -> dict[str, str]:
    return {name: object_id for name, object_id in names.items() if local.get(name) != object_id}


def _object_format(refs: Refs) -> str:
    some_id = next(iter(refs.heads.values()), refs.head or "")
    return "sha256" if len(some_id) == 64 else "sha1"


def _with_local(refs: Refs, local: Mapping[str, str], names: Mapping[str, str]) -> Refs:
    """Name what we really have: the remote may have moved between listing and fetch."""
    heads, tags = dict(refs.heads), dict(refs.tags)
    for full_name in names:
        kind, _, name = full_name.removeprefix("refs/").partition("/")
        here = local.get(full_name)
        if kind == "heads" and here:
            heads[name] = here
        elif kind == "tags" and here and here != tags[name].id:
            tags[name] = TagRef(name, here, here)
    head = heads.get(refs.head_branch, refs.head) if refs.head_branch else refs.head
    return Refs(refs.head_branch, head, heads, tags)


@cache
def mirrors_at(root: Path) -> Mirrors:
    """The mirrors of this process below a directory: one object, for it remembers who may read what."""
    return Mirrors(root)
