"""A work tree of a promotion's clone: change, commit, tag, integrate what others pushed, push.

Source: Kargo docs `promotion-steps/git-clear.md`, `git-commit.md`, `git-push.md`; code
`pkg/controller/git/work_tree.go`. Differs: after a conflict the rebase or merge is aborted, so that a
second try starts clean; a push always names `refs/heads/<branch>`, so that a detached HEAD can make a
branch.

A command that is killed leaves lock files and half a rebase behind. Only one process at a time works in a
promotion's workspace, so `Worktree.load` clears these away.
"""

import contextlib
import enum
import json
import re
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from integrations.credentials import Credentials
from integrations.errors import IntegrationConflict, NotFound, Rejected
from integrations.git.environment import SILENT, Console, Place, Remote, run_git
from integrations.git.failures import is_damage, local_failure, push_failure, remote_failure
from integrations.git.identity import Identity, write_home
from integrations.git.names import check_name
from integrations.git.ref_files import find_ref, read_head
from integrations.git.registrations import Registration, find_registration
from integrations.git.signatures import is_rebase_safe
from integrations.git.signing import signing
from integrations.git.submodules import check_intact, check_out_submodules
from integrations.http_policy import HttpPolicy
from integrations.processes import ProcessResult

_EMBEDDED = re.compile(r"^warning: adding embedded git repository: (.+?)/?$", re.MULTILINE)


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
        self._home = registration.clone / "home"
        self._place = Place(path, registration.admin, registration.root, self._home)

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
        self._stage()
        self._git("rm", "-rf", "--quiet", "--ignore-unmatch", ".")

    def commit(self, message: str, *, author: Identity | None = None) -> str | None:
        """Stage what is below `path` and commit all that is staged; None when there is nothing to commit.

        An `author` of its own also decides about the signature: without a key there is none.
        """
        self._stage()
        with self._as(author) as home:
            result = self._run_signed("commit", "--quiet", "--no-verify", "--file=-", home=home, stdin=message)
        if result.exit_code == 0:
            return self.head()
        # Asked only now: most often there is something, and looking first would cost a start of git each time.
        if self._run("diff", "--cached", "--quiet", "--ignore-submodules=dirty").exit_code == 0:
            return None
        raise self._failure("run git commit", result)

    def create_tag(self, tag: str, *, message: str, force: bool = False) -> str:
        """Put an annotated tag on HEAD, return HEAD; the same tag again is fine, another raises Rejected."""
        check_name("tag", tag)
        head = self.head()
        if not force and self._resolve(f"refs/tags/{tag}"):
            if self._is_same_tag(tag, message, head):
                return head
            raise Rejected(f'Tag "{tag}" exists already: choose another name or set force: true')
        forced = ("--force",) if force else ()
        # Lines that begin with "#" are part of what somebody wrote.
        options = ("--annotate", "--cleanup=whitespace", "--file=-", *forced)
        result = self._run_signed("tag", *options, "--", tag, home=self._home, stdin=message)
        if result.exit_code != 0:
            raise self._failure("run git tag", result)
        return head

    def integrate(self, branch: str, remote: Remote, *, policy: PushPolicy, console: Console = SILENT) -> None:
        """Bring the commits of the remote branch, if it exists, under (rebase) or beside (merge) ours.

        Raises IntegrationConflict, with the work tree as before; Rejected when `policy` forbids the rebase.
        """
        check_intact(self._place, self._admin / "modules")
        upstream = self._fetch(branch, remote, console)
        if upstream is None or self._run("merge-base", "--is-ancestor", upstream, "HEAD").exit_code == 0:
            return
        if self._wants_rebase(policy, branch, upstream):
            command = ["rebase", "--no-autostash", upstream]
        else:
            command = ["merge", "--no-edit", "-m", f"Merge branch '{branch}' of {remote.address}", upstream]
        with signing(self._home) as environment:
            result = self._run(*command, console=console, extra=environment)
        if result.exit_code != 0:
            self._fail_integration(branch, command[0], result)

    def push(self, target: str, remote: Remote, *, force: bool = False, console: Console = SILENT) -> None:
        """Push HEAD to a branch. Raises PushRejected when the branch moved on: integrate, then try again."""
        check_name("branch", target)
        forced = ("--force",) if force else ()
        self._push(f"HEAD:refs/heads/{target}", target, remote, forced, console)

    def push_tag(self, tag: str, remote: Remote, *, console: Console = SILENT) -> None:
        """Push exactly this tag; the same tag there already is fine, a different one raises Rejected."""
        self.tag_id(tag)
        self._push(f"refs/tags/{tag}:refs/tags/{tag}", tag, remote, (), console)

    def tag_id(self, tag: str) -> str:
        """Return the id of a tag of this clone (of an annotated one: of the tag itself). Raises NotFound."""
        check_name("tag", tag)
        found = self._resolve(f"refs/tags/{tag}")
        if found is None:
            raise NotFound(f'There is no tag "{tag}" in this clone: make it with git-tag first')
        return found

    def update_submodules(self, remote: Remote, *, console: Console = SILENT) -> None:
        """Fetch and check out all submodules, nested too; only the remote's host gets credentials."""
        check_out_submodules(self.root, self._home, remote, console)

    def _fetch(self, branch: str, remote: Remote, console: Console) -> str | None:
        """Fetch into our private clone, which nobody shares: no lock, and the mirror is not involved."""
        check_name("branch", branch)
        # One name for all: branches of the remote that have changed places (`a`, now `a/b`) do not meet.
        tracking = "refs/incoming/tip"
        result = self._run(
            *("fetch", "--refmap=", "--no-tags", "--no-write-fetch-head", "--no-auto-gc", "--no-recurse-submodules"),
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

    def _stage(self) -> None:
        check_intact(self._place, self._admin / "modules")
        result = self._git("add", "--sparse", ".")
        embedded = _EMBEDDED.findall(result.stderr)
        if embedded:
            # It would become a submodule that nobody can fetch.
            paths = "".join(f"{path}\0" for path in embedded)
            top = replace(self._place, directory=self.root)
            run_git("update-index", "--force-remove", "-z", "--stdin", place=top, stdin=paths)
            raise Rejected(
                f'"{embedded[0]}" in the work tree is a git repository of its own: delete {embedded[0]}/.git, '
                "or keep it elsewhere"
            )

    def _wants_rebase(self, policy: PushPolicy, branch: str, upstream: str) -> bool:
        if policy in (PushPolicy.ALWAYS_REBASE, PushPolicy.ALWAYS_MERGE):
            return policy is PushPolicy.ALWAYS_REBASE
        if is_rebase_safe(self._place, upstream, self._home):
            return True
        if policy is PushPolicy.REBASE_OR_FAIL:
            raise Rejected(f'Rebasing onto "{branch}" is unsafe: it would change who vouches for a commit')
        return False

    @contextlib.contextmanager
    def _as(self, author: Identity | None) -> Iterator[Path]:
        """The home directory to commit with: the clone's, or one for this author that goes away again."""
        if author is None:
            yield self._home
            return
        home = self._clone / f"home-{secrets.token_hex(4)}"
        try:
            write_home(home, author)
            yield home
        finally:
            shutil.rmtree(home, ignore_errors=True)

    def _run_signed(self, *arguments: str, home: Path, stdin: str) -> ProcessResult:
        """Run a command that makes a commit or tag, which is signed when `home` has a key."""
        with signing(home) as environment:
            return run_git(*arguments, place=replace(self._place, home=home), stdin=stdin, extra=environment)

    def _is_same_tag(self, tag: str, message: str, head: str) -> bool:
        parts = ("%(objecttype)", "%(*objectname)", "%(contents:signature)", "%(contents)")
        shown = self._run("for-each-ref", f"--format={'%00'.join(parts)}", f"refs/tags/{tag}")
        kind, target, signature, contents = shown.stdout.removesuffix("\n").split("\0", 3)
        wanted = self._git("stripspace", stdin=message).stdout
        return kind == "tag" and target == head and contents.removesuffix(signature).strip() == wanted.strip()

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

    def _git(self, *arguments: str, stdin: str = "") -> ProcessResult:
        result = self._run(*arguments, stdin=stdin)
        if result.exit_code != 0:
            raise self._failure(f"run git {arguments[0]}", result)
        return result

    def _failure(self, action: str, result: ProcessResult) -> Exception:
        return local_failure(action, result, [str(self.root), str(self._admin), str(self._clone)])
