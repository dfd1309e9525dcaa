"""Bare repositories on disk that the loopback git server shows: make them, commit to them, read them."""

import contextlib
import re
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from integrations.errors import IntegrationError, NotFound
from integrations.git.environment import Place, run_git
from integrations.git.identity import Identity

SOMEBODY = Identity("Sam Upstream", "sam@example.com")

_NAME = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*$")
_REFUSAL_FILE = "kargoweb-refused"
# Runs on the server side, as a branch protection would.
_PRE_RECEIVE = f"""#!/bin/sh
while read -r _old _new ref; do
  if [ -f {_REFUSAL_FILE} ] && {{ grep -qxF "$ref" {_REFUSAL_FILE} || grep -qxF '*' {_REFUSAL_FILE}; }}; then
    echo "$ref is protected, pushes are refused" >&2
    exit 1
  fi
done
"""


class GitRepositories:
    """All repositories below one directory, by name (`app` or `team/app`)."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)

    def path(self, name: str) -> Path:
        """Return where a repository lies; raises NotFound for a name that is none."""
        if not _NAME.match(name):
            raise NotFound(f'"{name}" is not a repository name')
        return self.root / f"{name}.git"

    def create(self, name: str, files: Mapping[str, str]) -> None:
        """Make a repository; with `files` it gets a first commit on main, without it stays empty."""
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._git(Place(directory=path.parent), "init", "--bare", "--quiet", "--initial-branch=main", str(path))
        for setting in ("http.receivepack=true", "uploadpack.allowFilter=true", "receive.autogc=false"):
            key, _, value = setting.partition("=")
            self._git(self._place(name), "config", key, value)
        hook = path / "hooks" / "pre-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(_PRE_RECEIVE)
        hook.chmod(0o755)
        if files:
            self.commit(name, files, "Begin")

    def delete(self, name: str) -> None:
        """Remove a repository from disk."""
        shutil.rmtree(self.path(name))

    def commit(
        self,
        name: str,
        files: Mapping[str, str | None],
        message: str,
        *,
        branch: str = "main",
        author: Identity = SOMEBODY,
        at: datetime | None = None,
        merge: str | None = None,
        start: str | None = None,
        submodules: Mapping[str, str] | None = None,
    ) -> str:
        """Commit on a branch and return the commit; a file that is None is deleted.

        A branch that is missing begins at `start` (a commit), or without history. `merge` is a second parent.
        `submodules` maps a path to a commit of the other repository; `.gitmodules` is one of the files.
        """
        ref, instant = f"refs/heads/{branch}", at or datetime.now(UTC)
        parent = self._find(name, ref) or start
        lines = [f"commit {ref}".encode(), _person("author", author, instant)]
        lines += [_person("committer", author, instant), _data(message)]
        lines += [f"from {parent}".encode()] if parent else []
        lines += [f"merge {merge}".encode()] if merge else []
        for path, content in files.items():
            lines += [f"D {_quoted(path)}".encode()] if content is None else _file(path, content)
        lines += [f"M 160000 {commit} {_quoted(path)}".encode() for path, commit in (submodules or {}).items()]
        self._git(self._place(name), "fast-import", "--quiet", "--force", stdin=b"\n".join(lines) + b"\n")
        return self.head(name, branch)

    def tag(
        self,
        name: str,
        tag: str,
        *,
        annotation: str = "",
        commit: str = "main",
        tagger: Identity = SOMEBODY,
        at: datetime | None = None,
    ) -> None:
        """Tag a commit or branch; with an annotation as tag object."""
        extra = tagger.environment() | ({"GIT_COMMITTER_DATE": at.isoformat()} if at else {})
        options = ["--annotate", "--file=-"] if annotation else []
        self._git(self._place(name), "tag", "--force", *options, "--", tag, commit, stdin=annotation, extra=extra)

    def delete_branch(self, name: str, branch: str) -> None:
        """Remove a branch."""
        self._git(self._place(name), "update-ref", "-d", f"refs/heads/{branch}")

    def head(self, name: str, branch: str = "main") -> str:
        """Return the commit a branch is at; raises NotFound."""
        found = self._find(name, f"refs/heads/{branch}")
        if found is None:
            raise NotFound(f'Repository "{name}" has no branch "{branch}"')
        return found

    def branches(self, name: str) -> list[str]:
        """List the branches by name."""
        listing = self._git(self._place(name), "for-each-ref", "--format=%(refname)", "refs/heads")
        return [line.removeprefix("refs/heads/") for line in listing.splitlines()]

    def log(self, name: str, branch: str = "main") -> list[str]:
        """List the commits of a branch, newest first."""
        return self._git(self._place(name), "rev-list", "--topo-order", f"refs/heads/{branch}").split()

    def read(self, name: str, branch: str, path: str) -> str:
        """Return the text of a file on a branch."""
        return self._git(self._place(name), "cat-file", "blob", f"refs/heads/{branch}:{path}")

    def files(self, name: str, branch: str = "main") -> list[str]:
        """List the files on a branch by path."""
        listing = self._git(self._place(name), "ls-tree", "-r", "-z", "--name-only", f"refs/heads/{branch}")
        return [path for path in listing.split("\0") if path]

    def refuse_push(self, name: str, branch: str | None = None) -> None:
        """Refuse pushes to one branch, or to all refs, as a protected branch does."""
        with (self.path(name) / _REFUSAL_FILE).open("a") as file:
            file.write(f"refs/heads/{branch}\n" if branch else "*\n")

    def allow_push(self, name: str) -> None:
        """Take all pushes again."""
        with contextlib.suppress(FileNotFoundError):
            (self.path(name) / _REFUSAL_FILE).unlink()

    def _place(self, name: str) -> Place:
        path = self.path(name)
        if not path.is_dir():
            raise NotFound(f'There is no repository "{name}"')
        return Place(directory=path, git_dir=path)

    def _find(self, name: str, ref: str) -> str | None:
        result = run_git("rev-parse", "--verify", "--quiet", ref, place=self._place(name))
        return result.stdout.strip() or None

    def _git(
        self, place: Place, *arguments: str, stdin: str | bytes = "", extra: Mapping[str, str] | None = None
    ) -> str:
        result = run_git(*arguments, place=place, stdin=stdin, extra=extra)
        if result.exit_code != 0:
            raise IntegrationError(f"git {arguments[0]}: {result.stderr.strip()}", permanent=True)
        return result.stdout


def _person(role: str, who: Identity, at: datetime) -> bytes:
    return f"{role} {who.name} <{who.email}> {int(at.timestamp())} +0000".encode()


def _data(text: str) -> bytes:
    content = text.encode()
    return b"data %d\n%s" % (len(content), content)


def _file(path: str, content: str) -> list[bytes]:
    return [f"M 100644 inline {_quoted(path)}".encode(), _data(content)]


def _quoted(path: str) -> str:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
