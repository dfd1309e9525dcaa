"""One bare copy of a remote repository, shared by everybody on this machine who may read the remote.

The files of a mirror are written only under its lock. Objects are never pruned while a keep-ref is there:
work trees borrow them (`objects/info/alternates`). A mirror is a cache: what is damaged is fetched again.
Who may read is not decided here but in `mirrors.py`.
"""

import contextlib
import re
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from integrations.errors import IntegrationError, NotFound
from integrations.git.environment import SILENT, Console, Place, Remote, run_git
from integrations.git.failures import is_damage, local_failure, remote_failure
from integrations.git.locks import file_lock
from integrations.git.ref_files import UnreadableRef, list_ref_files
from integrations.git.remote import Refs
from integrations.processes import ProcessResult

COMMIT_ID = re.compile(r"[0-9a-fA-F]{4,64}")

_KEEP = "refs/keep"
_STAMP = "kargoweb-fetched"
_PACKED = "kargoweb-packed"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which refs a caller needs. Names that the remote does not have are left out silently."""

    branches: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    commits: tuple[str, ...] = ()
    default_branch: bool = False
    all_branches: bool = False
    all_tags: bool = False

    @property
    def commit_ids(self) -> tuple[str, ...]:
        """The commits that can be ids at all: the others exist nowhere, and git might read them as refspecs."""
        return tuple(commit for commit in self.commits if COMMIT_ID.fullmatch(commit))

    def select(self, refs: Refs) -> dict[str, str]:
        """Pick from a remote's refs: full ref name to object id."""
        branches = set(refs.heads) if self.all_branches else set(self.branches)
        if self.default_branch and refs.head_branch:
            branches.add(refs.head_branch)
        tags = set(refs.tags) if self.all_tags else set(self.tags)
        found = {f"refs/heads/{name}": refs.heads[name] for name in sorted(branches & refs.heads.keys())}
        return found | {f"refs/tags/{name}": refs.tags[name].id for name in sorted(tags & refs.tags.keys())}


class MirrorDamaged(IntegrationError):
    """Our copy misses objects that it should have; a rebuild helps."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=False)


class Mirror:
    """The mirror in the directory `path` (which may not exist yet)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.place = Place(directory=path.parent, git_dir=path)

    @contextlib.contextmanager
    def locked(self, console: Console = SILENT) -> Iterator[int]:
        """Hold the lock that every write into this mirror needs; yields the lock's descriptor."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with file_lock(self.path.with_suffix(".lock"), should_stop=console.should_stop) as descriptor:
            yield descriptor

    def exists(self) -> bool:
        return all((self.path / name).exists() for name in ("HEAD", "objects", "refs", "config"))

    def local_refs(self) -> dict[str, str]:
        """List the branches and tags the mirror has: full name to object id."""
        return self._read_refs("refs/heads", "refs/tags")

    def missing(self, object_ids: Iterable[str]) -> set[str]:
        """Say which of these objects (full ids or `<id>^{commit}`) the mirror lacks."""
        return {name for name, found in self._look_up(object_ids).items() if found is None}

    def find_commits(self, commits: Iterable[str]) -> set[str]:
        """Give the full ids of those commits (ids, also cut short) that the mirror has."""
        found = self._look_up(f"{commit}^{{commit}}" for commit in commits)
        return {commit for commit in found.values() if commit is not None}

    def _look_up(self, names: Iterable[str]) -> dict[str, str | None]:
        """Each name with the full id of its object; None: the mirror has no such object."""
        asked = sorted(set(names))
        if not asked:
            return {}
        result = run_git("cat-file", "--batch-check=%(objectname)", place=self.place, stdin="\n".join(asked) + "\n")
        self._check(result, "look into the mirror")
        answers = zip(asked, result.stdout.splitlines(), strict=True)
        return {name: None if answer.endswith((" missing", " ambiguous")) else answer for name, answer in answers}

    def keep(self, name: str, commits: Iterable[str]) -> None:
        """Hold commits, and all they need, until `release(name)`; `name` must be fit for a ref."""
        lines = "".join(f"create {_KEEP}/{name}/{commit} {commit}\n" for commit in sorted(set(commits)))
        with self.locked() as lock:
            kept = set(self.kept(name))
            lines = "".join(line for line in lines.splitlines(True) if line.split()[2] not in kept)
            self._update_refs(lines, lock)

    def release(self, name: str) -> None:
        """Let go of what `keep(name)` held; harmless when there is nothing."""
        if not self.exists():
            return
        with self.locked() as lock:
            for held in self.kept(name):
                # A file less instead of a start of git; only what git has packed since is left to it.
                (self.path / _KEEP / name / held).unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                (self.path / _KEEP / name).rmdir()
            self._update_refs("".join(f"delete {_KEEP}/{name}/{held}\n" for held in self.kept(name)), lock)

    def kept(self, name: str | None = None) -> list[str]:
        """List the commits held by `name`, or by anybody."""
        return sorted(set(self._read_refs(f"{_KEEP}/{name}" if name else _KEEP).values()))

    def fetched_at_seconds(self) -> float:
        """Return when the last fetch began (seconds since the epoch), 0 for never."""
        try:
            return float((self.path / _STAMP).read_text())
        except (OSError, ValueError):
            return 0.0

    def fetch(self, remote: Remote, names: Mapping[str, str], present: Refs, console: Console, lock: int) -> None:
        """Bring refs (full name to expected id) from the remote; the caller holds the lock.

        Refs that `present` no longer names are dropped first: they may be in the way of new ones
        (`a` against `a/b`).
        """
        began = time.time()
        self._tidy()
        known = {f"refs/heads/{name}" for name in present.heads} | {f"refs/tags/{name}" for name in present.tags}
        gone = set(self.local_refs()) - known
        self._update_refs("".join(f"delete {name}\n" for name in sorted(gone)), lock)
        self.fetch_specs(remote, [f"+{name}:{name}" for name in names], console, lock)
        (self.path / _STAMP).write_text(str(began))

    def fetch_specs(self, remote: Remote, specs: list[str], console: Console, lock: int) -> None:
        """Run `git fetch` with these refspecs; the caller holds the lock."""
        if not specs:
            return
        options = (
            "--no-tags",
            "--no-write-fetch-head",
            "--no-auto-gc",
            "--no-recurse-submodules",
            "--progress",
        )
        result = run_git(
            *("fetch", *options, "--stdin", "--", remote.address),
            place=self.place,
            console=console,
            remote=remote,
            stdin="\n".join(specs) + "\n",
            pass_fds=(lock,),
        )
        if is_damage(result):
            raise MirrorDamaged(f'The mirror of "{remote.address}" is damaged')
        if result.exit_code != 0:
            raise remote_failure(remote, "fetch from", result)

    def create(self, remote: Remote, *, object_format: str) -> None:
        """Make the empty mirror; the caller holds the lock."""
        options = ("--bare", "--quiet", "--template=", f"--object-format={object_format}")
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        result = run_git("init", *options, str(self.path), place=Place(directory=self.path.parent))
        self._check(result, "create the mirror")
        (self.path / "description").write_text(f"{remote.key}\n")

    def adopt_kept(self, old: "Mirror", remote: Remote, console: Console, lock: int) -> None:
        """Take over the keep-refs of a damaged mirror: from its files if readable, else from the remote."""
        refs = old.kept_refs()
        if not refs:
            return
        neighbour = Remote(str(old.path), allow_local=True)
        for source, specs in (
            (neighbour, [f"+{_KEEP}/*:{_KEEP}/*"]),
            *((remote, [f"+{commit}:{name}"]) for name, commit in refs.items()),
        ):
            if set(self.kept_refs()) >= set(refs):
                return
            try:
                self.fetch_specs(source, specs, SILENT, lock)
            except IntegrationError as error:
                console.log("stderr", f"Some kept commits could not be saved this way: {error}")

    def kept_refs(self) -> dict[str, str]:
        """List the keep-refs (full name to commit); of a damaged mirror those that can be read."""
        result = run_git("for-each-ref", "--format=%(objectname) %(refname)", _KEEP, place=self.place)
        pairs = (line.partition(" ") for line in result.stdout.splitlines())
        return {name: commit for commit, _, name in pairs}

    def replace_with(self, fresh: "Mirror") -> None:
        """Take over the files of a freshly built mirror; the caller holds the lock."""
        old = self.path.with_suffix(".old")
        shutil.rmtree(old, ignore_errors=True)
        if self.path.exists():
            self.path.rename(old)
        fresh.path.rename(self.path)
        shutil.rmtree(old, ignore_errors=True)

    def pack(self, console: Console, lock: int) -> bool:
        """Pack the mirror; does nothing and returns False while any commit is kept (a work tree may use it).

        Objects without a ref stay for two weeks: a reader may have chosen a commit and not kept it yet. The caller
        holds the lock.
        """
        if not self.exists() or self.kept():
            return False
        # Before: a mirror that cannot be packed is not tried again and again.
        (self.path / _PACKED).touch()
        self._tidy()
        arguments = ("gc", "--quiet", "--prune=2.weeks.ago")
        result = run_git(*arguments, place=self.place, console=console, pass_fds=(lock,))
        self._check(result, "pack the mirror")
        return True

    def packed_at_seconds(self) -> float | None:
        """Return when packing was last begun, else when the mirror was made (seconds since the epoch)."""
        for name in (_PACKED, "description"):
            with contextlib.suppress(FileNotFoundError):
                return (self.path / name).stat().st_mtime
        return None

    def _tidy(self) -> None:
        """Remove what a killed git left: under our lock nobody else's lock file can be a live one."""
        for leftover in (*self.path.glob("*.lock"), *self.path.glob("refs/**/*.lock")):
            leftover.unlink(missing_ok=True)
        for leftover in self.path.glob("objects/pack/tmp_*"):
            leftover.unlink(missing_ok=True)

    def _read_refs(self, *folders: str) -> dict[str, str]:
        try:
            return list_ref_files(self.path, *folders)
        except (UnreadableRef, UnicodeDecodeError) as error:
            raise MirrorDamaged(f"Cannot read the refs of the mirror: {error}") from error

    def _update_refs(self, commands: str, lock: int) -> None:
        if commands:
            result = run_git("update-ref", "--stdin", place=self.place, stdin=commands, pass_fds=(lock,))
            if result.exit_code != 0 and "nonexistent object" in result.stderr:
                raise NotFound("The mirror does not have the commit to be kept")
            self._check(result, "change refs of the mirror")

    def _check(self, result: ProcessResult, action: str) -> None:
        if is_damage(result):
            raise MirrorDamaged(f"Cannot {action}: it is damaged")
        if result.exit_code != 0:
            raise local_failure(action, result, [str(self.path)])
