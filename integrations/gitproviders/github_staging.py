"""The git side of a push through GitHub's API: upload to a hidden ref, look at signatures, take over the result."""

import re
from pathlib import Path

from integrations.git.environment import Console, Place, Remote, run_git
from integrations.git.failures import local_failure, push_failure, remote_failure
from integrations.git.worktree import Worktree
from integrations.gitproviders.github_commits import Signature

_TRUSTED = "G"
_SIGNER = re.compile(r"(?P<name>.*?)\s*<(?P<email>[^<>]*)>")


def upload(worktree: Worktree, commit: str, ref: str, remote: Remote, *, console: Console) -> None:
    """Push a commit to a ref that is no branch, whatever is there."""
    result = run_git(
        *("push", "--no-verify", "--force", "--progress", "origin", f"{commit}:{ref}"),
        place=_clone(worktree),
        console=console,
        remote=remote,
    )
    if result.exit_code != 0:
        raise push_failure(remote, ref, result)


def read_signature(worktree: Worktree, commit: str) -> Signature:
    """Who signed a commit, by the keys this clone trusts."""
    form = "--format=%G?%x00%GS%x00%cn%x00%ce"
    result = run_git("log", "-1", form, "--end-of-options", commit, "--", place=_clone(worktree))
    if result.exit_code != 0:
        raise local_failure("look at a signature", result, [str(worktree.repository)])
    mark, signer, name, email = result.stdout.strip("\n").split("\0")
    if mark != _TRUSTED:
        return Signature(is_trusted=False)
    if found := _SIGNER.fullmatch(signer.strip()):
        name, email = found["name"], found["email"]
    # An OpenSSH key carries no name: who commits signs, for the only key trusted here is the clone's own.
    return Signature(True, name, email)


def take_over(worktree: Worktree, branch: str, commit: str, remote: Remote, *, console: Console) -> None:
    """Fetch what the API made and let the work tree be at it, like `git reset --hard`."""
    result = run_git(
        *("fetch", "--no-tags", "--no-write-fetch-head", "--no-auto-gc", "--no-recurse-submodules", "origin"),
        f"+refs/heads/{branch}:refs/incoming/tip",
        place=_clone(worktree),
        console=console,
        remote=remote,
    )
    if result.exit_code != 0:
        raise remote_failure(remote, "fetch from", result)
    place = Place(directory=worktree.root, home=_home(worktree))
    result = run_git("reset", "--hard", "--quiet", commit, "--", place=place, console=console)
    if result.exit_code != 0:
        hidden = [str(worktree.root), str(worktree.repository)]
        raise local_failure("reset the work tree to what was pushed", result, hidden)


def _clone(worktree: Worktree) -> Place:
    return Place(directory=worktree.repository, git_dir=worktree.repository, home=_home(worktree))


def _home(worktree: Worktree) -> Path:
    # Beside the bare repository of the clone; the keys that sign are there.
    return worktree.repository.parent / "home"
