"""What a pull request between two branches would bring, read from the mirror: heads, trees, the last message."""

from dataclasses import dataclass

from integrations.git.environment import Console, Remote, run_git
from integrations.git.failures import local_failure
from integrations.git.mirror import Mirror, Wanted
from integrations.git.mirrors import Mirrors


@dataclass(frozen=True, slots=True)
class Head:
    """The commit a branch is at; `message` is whole."""

    commit: str
    tree: str
    message: str


def read_heads(mirrors: Mirrors, remote: Remote, branches: tuple[str, ...], *, console: Console) -> dict[str, Head]:
    """Read the heads of branches as the remote has them now; a branch that is not there is left out."""
    mirror, refs = mirrors.update(remote, Wanted(branches=branches), console=console)
    return {name: _read_head(mirror, refs.heads[name]) for name in branches if name in refs.heads}


def _read_head(mirror: Mirror, commit: str) -> Head:
    result = run_git("log", "-1", "--format=%T%x00%B", "--end-of-options", commit, "--", place=mirror.place)
    if result.exit_code != 0:
        raise local_failure("read the head of a branch", result, [str(mirror.path)])
    tree, _, message = result.stdout.partition("\0")
    return Head(commit, tree, message.rstrip("\n"))
