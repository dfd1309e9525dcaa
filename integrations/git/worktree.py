"""A work tree of a promotion's clone: change, commit, tag, integrate what others pushed, push.

Source: Kargo docs `promotion-steps/git-clear.md`, `git-commit.md`, `git-push.md`; code
`pkg/controller/git/work_tree.go`. Differs: after a conflict the rebase or merge is aborted, so that a
second try starts clean; a push always names `refs/heads/<branch>`, so that a detached HEAD can make a
branch.

A command that is killed leaves lock files and half a rebase behind. Only one process at a time works in a
promotion's workspace, so `Worktree.load` clears these away.
"""

import enum
import json
from pathlib import Path

from integrations.credentials import Credentials
from integrations.errors import IntegrationConflict, NotFound, Rejected
from integrations.git.environment import SILENT, Console, Place, Remote, run_git
from integrations.git.failures import is_damage, local_failure, push_failure, remote_failure
from integrations.git.identity import Identity
from integrations.git.ref_files import find_ref, read_head
from integrations.git.registrations import Registration, find_registration
from integrations.git.submodules import check_out_submodules
from integrations.http_policy import HttpPolicy
from integrations.processes import ProcessResult


class PushPolicy(enum.StrEnum):
    """How remote commits and ours come together before a push."""

    ALWAYS_REBASE = "AlwaysRebase"
    ALWAYS_MERGE = "AlwaysMerge"
    REBASE_OR_MERGE = "RebaseOrMerge"
    REBASE_OR_FAIL = "RebaseOrFail"


class Worktree:
    """A loaded work tree; `path` may be a directory inside it, commands then work from there."""

    def __init__(self, path: Path, registration: Registration) -> None:
        self.path = path
        self.root = registration.root
        self.repository = registration.clone / "repo"
        self._clone = registration.clone
        self._admin = registration.admin
        self._place = Place(path, registration.admin, registration.root, registration.clone / "home")

    @classmethod
    def load(cls, path: Path, clones: Path) -> "Worktree":
        """Open the work tree at `path` that a clone below `clones` made; raises NotFound."""
        found = find_registration(clones, path)
        if found is None or not path.is_dir():
            raise NotFound(f'Path "{path.name}" is not a work tree: check it out with git-clone first')
        worktree = cls(path, found)
        worktree._clear_leftovers()
        return worktree

    def head(self) -> str:
        """Return the full id of the commit checked out."""
        branch, commit = read_head(self._admin)
        commit = commit or find_ref(self._clone / "repo", str(branch))
        # Without a commit on the branch git says best what is wrong.
        return commit or self._git("rev-parse", "HEAD").stdout.strip()

    def current_branch(self) -> str | None:
        """Return the branch checked out; None when HEAD is detached."""
        return (read_head(self._admin)[0] or "").removeprefix("refs/heads/") or None

    def origin_url(self) -> str:
        """Return the repository URL as git-clone was given it."""
        return str(self._record()["url"])

    def remote(self, credentials: Credentials | None, *, reach: HttpPolicy | None = None) -> Remote:
        """Address the repository this was cloned from, in the same way."""
        record = self._record()
        return Remote(
            url=str(record["url"]),
            credentials=credentials,
            skip_tls_verify=bool(record["skip_tls_verify"]),
            allow_local=bool(record["allow_local"]),
            reach=reach,
        )

    def clear(self) -> None:
        """Remove all files but the ignored ones from work tree and index."""
        self._git("add", "--sparse", ".")
        self._git("rm", "-rf", "--quiet", "--ignore-unmatch", ".")

    def commit(self, message: str, *, author: Identity | None = None) -> str | None:
        """Stage what is below `path` and commit all that is staged; None when there is nothing to commit."""
        self._git("add", "--sparse", ".")
        if self._run("diff", "--cached", "--quiet", "--ignore-submodules=dirty").exit_code == 0:
            return None
        extra = author.environment() if author else {}
        self._git("commit", "--quiet", "--no-verify", "--file=-", stdin=message, extra=extra)
        return self.head()

    def create_tag(self, tag: str, *, message: str, force: bool = False) -> str:
        """Put an annotated tag on HEAD, return HEAD; the same tag again is fine, another raises Rejected."""
        head = self.head()
        if not force and self._resolve(f"refs/tags/{tag}"):
            if self._is_same_tag(tag, message, head):
                return head
            raise Rejected(f'Tag "{tag}" exists already: choose another name or set force: true')
        forced = ("--force",) if force else ()
        self._git("tag", "--annotate", "--file=-", *forced, "--", tag, stdin=message)
        return head

    def integrate(self, branch: str, remote: Remote, *, policy: PushPolicy, console: Console = SILENT) -> None:
        """Bring the commits of the remote branch, if it exists, under (rebase) or beside (merge) ours.

        Raises IntegrationConflict, with the work tree as before; Rejected when `policy` forbids the rebase.
        """
        upstream = self._fetch(branch, remote, console)
        if upstream is None or self._run("merge-base", "--is-ancestor", upstream, "HEAD").exit_code == 0:
            return
        if policy is PushPolicy.REBASE_OR_FAIL and not self._is_rebase_safe(upstream):
            raise Rejected(f'Rebasing onto "{branch}" is unsafe: it would change who vouches for a commit')
        rebase = policy is not PushPolicy.ALWAYS_MERGE
        if policy is PushPolicy.REBASE_OR_MERGE:
            rebase = self._is_rebase_safe(upstream)
        if rebase:
            command = ["rebase", "--no-autostash", upstream]
        else:
            command = ["merge", "--no-edit", "-m", f"Merge branch '{branch}' of {remote.address}", upstream]
        result = self._run(*command, console=console)
        if result.exit_code != 0:
            self._fail_integration(branch, command[0], result)

    def push(self, target: str, remote: Remote, *, force: bool = False, console: Console = SILENT) -> None:
        """Push HEAD to a branch. Raises PushRejected when the branch moved on: integrate, then try again."""
        forced = ("--force",) if force else ()
        self._push(f"HEAD:refs/heads/{target}", target, remote, forced, console)

    def push_tag(self, tag: str, remote: Remote, *, console: Console = SILENT) -> None:
        """Push exactly this tag; the same tag there already is fine, a different one raises Rejected."""
        self._push(f"refs/tags/{tag}:refs/tags/{tag}", tag, remote, (), console)

    def update_submodules(self, remote: Remote, *, console: Console = SILENT) -> None:
        """Fetch and check out all submodules, nested too; only the remote's host gets credentials."""
        check_out_submodules(self.root, self._clone / "home", remote, console)

    def _fetch(self, branch: str, remote: Remote, console: Console) -> str | None:
        """Fetch into our private clone, which nobody shares: no lock, and the mirror is not involved."""
        tracking = f"refs/remotes/origin/{branch}"
        result = self._run(
            *("fetch", "--no-tags", "--no-write-fetch-head", "--no-auto-gc", "--no-recurse-submodules"),
            *("origin", f"+refs/heads/{branch}:{tracking}"),
            console=console,
            remote=remote,
        )
        if result.exit_code == 0:
            return self._resolve(tracking)
        if "couldn't find remote ref" in result.stderr:
            return None
        if is_damage(result):
            raise self._failure("fetch into the clone", result)
        raise remote_failure(remote, "fetch from", result)

    def _push(self, spec: str, target: str, remote: Remote, options: tuple[str, ...], console: Console) -> None:
        arguments = ("push", "--no-verify", "--progress", *options, "origin", spec)
        result = self._run(*arguments, console=console, remote=remote)
        if result.exit_code != 0:
            raise push_failure(remote, target, result)

    def _fail_integration(self, branch: str, command: str, result: ProcessResult) -> None:
        unmerged = self._run("diff", "--name-only", "--diff-filter=U", "-z").stdout.split("\0")
        self._abort_unfinished()
        files = sorted(filter(None, unmerged))
        if not files:
            raise self._failure(f'{command} onto the remote branch "{branch}"', result)
        shown = ", ".join(files[:5]) + (f" and {len(files) - 5} more" if len(files) > 5 else "")
        raise IntegrationConflict(f'Remote changes of branch "{branch}" conflict with ours in {shown}')

    def _is_rebase_safe(self, upstream: str) -> bool:
        """Tell whether a replay keeps every signature true: we do not sign, so nothing may be signed."""
        marks = self._git("log", "--format=%G?", f"{upstream}..HEAD").stdout.split()
        return all(mark == "N" for mark in marks)

    def _is_same_tag(self, tag: str, message: str, head: str) -> bool:
        shown = self._run("for-each-ref", "--format=%(objecttype)%00%(*objectname)%00%(contents)", f"refs/tags/{tag}")
        kind, target, contents = shown.stdout.split("\0", 2)
        return kind == "tag" and target == head and contents.strip() == message.strip()

    def _resolve(self, name: str) -> str | None:
        return self._run("rev-parse", "--verify", "--quiet", name).stdout.strip() or None

    def _clear_leftovers(self) -> None:
        repo = self._clone / "repo"
        for lock in (*self._admin.glob("*.lock"), *repo.glob("*.lock"), *repo.glob("refs/**/*.lock")):
            lock.unlink(missing_ok=True)
        self._abort_unfinished()

    def _abort_unfinished(self) -> None:
        if (self._admin / "rebase-merge").exists() or (self._admin / "rebase-apply").exists():
            self._git("rebase", "--abort")
        if (self._admin / "MERGE_HEAD").exists():
            self._git("merge", "--abort")

    def _record(self) -> dict[str, object]:
        record: dict[str, object] = json.loads((self._clone / "clone.json").read_text())
        return record

    def _run(
        self,
        *arguments: str,
        console: Console = SILENT,
        remote: Remote | None = None,
        stdin: str = "",
        extra: dict[str, str] | None = None,
    ) -> ProcessResult:
        return run_git(*arguments, place=self._place, console=console, remote=remote, stdin=stdin, extra=extra)

    def _git(self, *arguments: str, stdin: str = "", extra: dict[str, str] | None = None) -> ProcessResult:
        result = self._run(*arguments, stdin=stdin, extra=extra)
        if result.exit_code != 0:
            raise self._failure(f"run git {arguments[0]}", result)
        return result

    def _failure(self, action: str, result: ProcessResult) -> Exception:
        return local_failure(action, result, [str(self.root), str(self._admin), str(self._clone)])
