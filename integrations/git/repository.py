"""A promotion's own clone: made from the mirror without network, with the real remote as `origin`.

Objects are borrowed from the mirror through `objects/info/alternates`; the keep-ref taken here holds them
until `Mirror.release`. The clone is bare; the files live in work trees (see `worktree.py`).

Source: Kargo docs `promotion-steps/git-clone.md`, code `pkg/controller/git/bare_repo.go`.
Differs: git-clone without a ref checks out the remote's default branch; Kargo passes an empty ref to git.
"""

import json
import re
import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from integrations.errors import IntegrationError, NotFound
from integrations.git import registrations
from integrations.git.environment import SILENT, Console, Place, Remote, run_git
from integrations.git.failures import is_damage, local_failure, push_failure
from integrations.git.identity import Identity, write_home
from integrations.git.mirror import COMMIT_ID, Mirror, Wanted
from integrations.git.mirrors import Mirrors
from integrations.git.names import check_name, check_room
from integrations.git.ref_files import list_ref_files
from integrations.git.remote import Refs
from integrations.git.signing import is_signing, signing
from integrations.git.worktree import Worktree
from integrations.processes import ProcessResult

_WILD = re.compile(r"[*?\[]")
_INITIAL_MESSAGE = "Initial commit"
# What `git init --bare` writes; a start of git saved in each promotion.
_FORMATS = {
    "sha1": "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n",
    "sha256": "[core]\n\trepositoryformatversion = 1\n\tfilemode = true\n\tbare = true\n"
    "[extensions]\n\tobjectformat = sha256\n",
}


@dataclass(frozen=True, slots=True)
class CloneRecord:
    """What a clone remembers about itself, to find credentials again and to connect the same way."""

    url: str
    skip_tls_verify: bool
    allow_local: bool


class Repository:
    """A clone in the directory `path`; make one with `create`."""

    def __init__(
        self,
        path: Path,
        clones: Path,
        url: str,
        refs: Refs,
        heal: Callable[[], object],
        commits: Collection[str] = (),
    ) -> None:
        self.path = path
        self.refs = refs
        self._url = url
        self._clones = clones
        self._heal = heal
        # Full ids of commits that are known to be there.
        self._commits = frozenset(commits)
        self._place = Place(directory=path / "repo", git_dir=path / "repo", home=path / "home")

    @classmethod
    def create(
        cls,
        clones: Path,
        mirrors: Mirrors,
        remote: Remote,
        *,
        wanted: Wanted,
        identity: Identity,
        keep_as: str,
        console: Console = SILENT,
    ) -> "Repository":
        """Clone `remote` into a fresh directory below `clones`.

        `keep_as` names the promotion: `Mirror.release(keep_as)` when its workspace is deleted. A half-made
        clone of a killed worker is never used again and goes with the workspace.
        """
        mirror, refs = mirrors.update(remote, wanted, console=console)
        local = mirror.local_refs()
        names = {name: commit for name, commit in local.items() if _remote_id(refs, name) == commit}
        commits = mirror.find_commits(wanted.commit_ids)
        mirror.keep(keep_as, _kept_commits(wanted, refs, names) | commits)
        path = clones / secrets.token_hex(6)
        path.mkdir(parents=True, mode=0o700)
        write_home(path / "home", identity)
        record = CloneRecord(remote.url, remote.skip_tls_verify, remote.allow_local)
        (path / "clone.json").write_text(json.dumps(asdict(record)))
        _write_clone(path / "repo", mirror, remote, names)
        return cls(path, clones, remote.address, refs, lambda: mirrors.rebuild(remote, console=console), commits)

    def add_worktree(
        self,
        path: Path,
        *,
        branch: str = "",
        commit: str = "",
        tag: str = "",
        sparse: Sequence[str] = (),
        console: Console = SILENT,
    ) -> Worktree:
        """Check out one of branch, commit (detached), tag (detached) or, with none, the default branch.

        An earlier work tree of ours at `path` is replaced. `sparse` lists directories (cone mode).
        Raises NotFound (no such ref), Rejected (path taken), IntegrationError.
        """
        _check_sparse(sparse)
        what = self._checkout_arguments(branch, commit, tag)
        registrations.prepare_target(self._clones, path)
        options = ["--no-checkout"] if sparse else []
        result = self._checkout(path, options, what, sparse, console)
        if is_damage(result):
            self._heal()
            self._undo(path)
            result = self._checkout(path, options, what, sparse, console)
        if result.exit_code != 0:
            self._undo(path)
            hidden = [str(path), str(self.path)]
            raise local_failure(f'check out "{branch or commit or tag or "HEAD"}"', result, hidden)
        return Worktree.load(path, self._clones)

    def has_branch(self, name: str) -> bool:
        """Tell whether the remote had this branch when the clone was made."""
        return name in self.refs.heads

    def create_orphan_branch(self, name: str, remote: Remote | None, *, console: Console = SILENT) -> str:
        """Make a branch with one empty commit and push it; without a remote it stays in this clone.

        Raises PushRejected if the branch exists by now, Rejected for a name that cannot be.
        """
        check_name("branch", name)
        check_room(name, self.refs.heads, self._url)
        tree = self._git("mktree", stdin=b"").stdout.strip()
        home = self.path / "home"
        signed = ("-S",) if is_signing(home) else ()
        with signing(home) as environment:
            made = self._git("commit-tree", *signed, tree, "-m", _INITIAL_MESSAGE, extra=environment)
        commit = made.stdout.strip()
        if remote is not None:
            self._push_new(commit, name, remote, console)
        self._git("update-ref", f"refs/heads/{name}", commit)
        return commit

    def _push_new(self, commit: str, branch: str, remote: Remote, console: Console) -> None:
        arguments = ("push", "--no-verify", "origin", f"{commit}:refs/heads/{branch}")
        result = run_git(*arguments, place=self._place, console=console, remote=remote)
        if result.exit_code != 0:
            raise push_failure(remote, branch, result)

    def _checkout_arguments(self, branch: str, commit: str, tag: str) -> list[str]:
        if not branch and not commit and not tag:
            branch, commit = self.refs.head_branch or "", self.refs.head or ""
            if not commit:
                raise NotFound("The repository is empty: name a branch and set create: true to begin one")
        if branch:
            if not self._has_ref(f"refs/heads/{branch}"):
                raise NotFound(f'The repository has no branch "{branch}"')
            check_name("branch", branch)
            return [branch]
        if tag:
            if not self._has_ref(f"refs/tags/{tag}"):
                raise NotFound(f'The repository has no tag "{tag}"')
            return ["--detach", f"refs/tags/{tag}"]
        if not COMMIT_ID.fullmatch(commit) or not self._is_commit(commit):
            raise NotFound(f'The repository has no commit "{commit}"')
        return ["--detach", commit]

    def _has_ref(self, name: str) -> bool:
        # Not rev-parse: it would take "main~1" for a branch.
        return name in list_ref_files(self.path / "repo", "refs/heads", "refs/tags")

    def _is_commit(self, commit_id: str) -> bool:
        if commit_id in self._commits:
            return True
        arguments = ("rev-parse", "--verify", "--quiet", f"{commit_id}^{{commit}}")
        return run_git(*arguments, place=self._place).exit_code == 0

    def _checkout(
        self, path: Path, options: list[str], what: list[str], sparse: Sequence[str], console: Console
    ) -> ProcessResult:
        arguments = [*options, *what[:-1], str(path), what[-1]]
        result = run_git("worktree", "add", *arguments, place=self._place, console=console)
        if result.exit_code == 0 and sparse:
            inside = Place(directory=path, home=self.path / "home")
            lines = "\n".join(sparse) + "\n"
            result = run_git(
                *("sparse-checkout", "set", "--cone", "--stdin"), place=inside, stdin=lines, console=console
            )
            if result.exit_code == 0:
                result = run_git("checkout", "--quiet", place=inside, console=console)
        return result

    def _undo(self, path: Path) -> None:
        if not registrations.discard_worktree(self._clones, path):
            run_git("worktree", "prune", place=self._place)

    def _git(self, *arguments: str, stdin: bytes = b"", extra: dict[str, str] | None = None) -> ProcessResult:
        result = run_git(*arguments, place=self._place, stdin=stdin, extra=extra)
        if result.exit_code != 0:
            raise local_failure(f"run git {arguments[0]}", result, [str(self.path)])
        return result


def _write_clone(path: Path, mirror: Mirror, remote: Remote, names: dict[str, str]) -> None:
    """Lay out a bare repository that borrows the mirror's objects; refs go straight into one packed file."""
    some_id = next(iter(names.values()), "")
    object_format = "sha256" if len(some_id) == 64 else "sha1"
    for folder in ("objects/info", "objects/pack", "refs/heads", "refs/tags"):
        (path / folder).mkdir(parents=True)
    (path / "HEAD").write_text("ref: refs/heads/main\n")
    (path / "config").write_text(_FORMATS[object_format])
    (path / "objects" / "info" / "alternates").write_text(f"{mirror.path.resolve() / 'objects'}\n")
    lines = "".join(f"{commit} {name}\n" for name, commit in sorted(names.items()))
    (path / "packed-refs").write_text(f"# pack-refs with: sorted \n{lines}")
    with (path / "config").open("a") as config:
        address = remote.address.replace("\\", "\\\\").replace('"', '\\"')
        config.write(f'[remote "origin"]\n\turl = "{address}"\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n')


def _remote_id(refs: Refs, full_name: str) -> str | None:
    if full_name.startswith("refs/tags/"):
        tag = refs.tags.get(full_name.removeprefix("refs/tags/"))
        return tag.id if tag else None
    return refs.heads.get(full_name.removeprefix("refs/heads/"))


def _kept_commits(wanted: Wanted, refs: Refs, names: dict[str, str]) -> set[str]:
    """Choose what a checkout may use; of "all tags" only those named, for there may be thousands."""
    narrow = replace(wanted, all_tags=False)
    return {commit for name, commit in narrow.select(refs).items() if name in names}


def _check_sparse(patterns: Sequence[str]) -> None:
    for pattern in patterns:
        if pattern.startswith(("/", "..")) or _WILD.search(pattern) or "\n" in pattern:
            raise IntegrationError(
                f'Sparse pattern "{pattern}" is not a directory of the repository: '
                'it must not start with "/" or "..", nor contain "*", "?" or "["',
                permanent=True,
            )
