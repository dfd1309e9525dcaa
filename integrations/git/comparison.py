"""What a push would bring: commits, changed files and the diff between a remote branch and a commit of a clone.

All reading is by plumbing that obeys no setting and no attribute of the repository: no external diff, no text
conversion, no colours.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from integrations.git.environment import SILENT, Console, Place, Remote, run_git
from integrations.git.failures import local_failure, remote_failure
from integrations.processes import ProcessResult

MAX_COMMITS = 100
MAX_DIFF_BYTES = 512 * 1024

_LOG_FIELDS = 3
_DIFF_OPTIONS = ("-r", "--find-renames", "--no-ext-diff", "--no-textconv", "--no-color")


@dataclass(frozen=True, slots=True)
class NewCommit:
    """A commit that the remote branch does not have yet; `message` is whole."""

    id: str
    tree: str
    message: str

    @property
    def subject(self) -> str:
        """The first line of the message."""
        return self.message.strip().partition("\n")[0]


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """A file of the diff; the counts are None for a binary one. `old_path` is set when it was renamed."""

    path: str
    old_path: str
    added: int | None
    removed: int | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """From `base` (None: nothing to start from) to `head`. `diff` is cut after MAX_DIFF_BYTES, at a line.

    `commits` are the oldest first, at most MAX_COMMITS: the newest of them.
    """

    base: str | None
    head: str
    head_tree: str
    commits: tuple[NewCommit, ...]
    files: tuple[ChangedFile, ...]
    diff: str
    is_cut: bool


def compare_push(
    repository: Path,
    head: str,
    *,
    branch: str,
    base: str | None,
    others: Iterable[str],
    remote: Remote,
    console: Console = SILENT,
) -> Comparison:
    """Compare the commit `head` of the bare clone with the remote branch it would replace.

    `base` is where that branch is; None when there is none: then everything counts as new that none of the commits
    `others` (heads of the remote) has. Raises IntegrationError.
    """
    place = Place(directory=repository, git_dir=repository, home=repository.parent / "home")
    if base is not None and not _existing(place, [base]):
        base = _fetch(place, remote, branch, base, console)
    known = [base] if base is not None else _existing(place, others)
    commits = _list_commits(place, head, known, console)
    start = base or _find_start(place, head, known, console)
    diff, is_cut = _cut(_git(place, console, "diff-tree", "-p", *_DIFF_OPTIONS, start, head))
    return Comparison(
        base=base,
        head=head,
        head_tree=_git(place, console, "rev-parse", "--verify", f"{head}^{{tree}}").strip(),
        commits=commits,
        files=tuple(_parse_files(_git(place, console, "diff-tree", "-z", "--numstat", *_DIFF_OPTIONS, start, head))),
        diff=diff,
        is_cut=is_cut,
    )


def is_ancestor(repository: Path, older: str, newer: str) -> bool:
    """Does `newer` bring all that `older` has? False also when the clone does not know one of them."""
    place = Place(directory=repository, git_dir=repository, home=repository.parent / "home")
    return run_git("merge-base", "--is-ancestor", older, newer, place=place).exit_code == 0


def _existing(place: Place, ids: Iterable[str]) -> list[str]:
    asked = list(dict.fromkeys(ids))
    if not asked:
        return []
    lines = "".join(f"{object_id}^{{commit}}\n" for object_id in asked)
    answers = _git(place, SILENT, "cat-file", "--batch-check=%(objectname)", stdin=lines).splitlines()
    return [name for name, answer in zip(asked, answers, strict=True) if " " not in answer]


def _fetch(place: Place, remote: Remote, branch: str, base: str, console: Console) -> str:
    """Bring the branch into the clone, which nobody shares; it may have moved on since it was listed."""
    options = ("--no-tags", "--no-write-fetch-head", "--no-auto-gc", "--no-recurse-submodules")
    # One name for all: the ref of a branch "a" would leave no room for that of "a/b".
    target = "refs/incoming/compared"
    result = run_git(
        *("fetch", *options, "--refmap=", "origin", f"+refs/heads/{branch}:{target}"),
        place=place,
        console=console,
        remote=remote,
    )
    if result.exit_code != 0:
        raise remote_failure(remote, "fetch from", result)
    if _existing(place, [base]):
        return base
    return _git(place, console, "rev-parse", "--verify", target).strip()


def _list_commits(place: Place, head: str, known: list[str], console: Console) -> tuple[NewCommit, ...]:
    lines = "".join(f"{line}\n" for line in (head, *(f"^{commit}" for commit in known)))
    options = ("-z", "--topo-order", f"--max-count={MAX_COMMITS}", "--format=tformat:%H%x00%T%x00%B")
    fields = _git(place, console, "log", *options, "--stdin", stdin=lines).split("\0")
    rows = [fields[start : start + _LOG_FIELDS] for start in range(0, len(fields) - 1, _LOG_FIELDS)]
    return tuple(NewCommit(commit, tree, message) for commit, tree, message in reversed(rows))


def _find_start(place: Place, head: str, known: list[str], console: Console) -> str:
    """Where a branch that is new leaves what the remote has: a commit, or the empty tree."""
    lines = "".join(f"{line}\n" for line in (head, *(f"^{commit}" for commit in known)))
    new = _git(place, console, "rev-list", "--first-parent", "--parents", "--stdin", stdin=lines).splitlines()
    if not new:
        return head
    parents = new[-1].split()[1:]
    return parents[0] if parents else _git(place, console, "mktree", stdin="").strip()


def _parse_files(listing: str) -> Iterable[ChangedFile]:
    words = iter(listing.split("\0"))
    for word in words:
        if not word:
            continue
        added, removed, path = word.split("\t", 2)
        # A renamed file has an empty path here, then the old and the new one.
        old_path = "" if path else next(words)
        yield ChangedFile(path or next(words), old_path, _count(added), _count(removed))


def _count(text: str) -> int | None:
    return None if text == "-" else int(text)


def _cut(diff: str) -> tuple[str, bool]:
    data = diff.encode("utf-8", "replace")
    if len(data) <= MAX_DIFF_BYTES:
        return diff, False
    end = data.rfind(b"\n", 0, MAX_DIFF_BYTES) + 1
    return data[: end or MAX_DIFF_BYTES].decode("utf-8", "ignore"), True


def _git(place: Place, console: Console, *arguments: str, stdin: str = "") -> str:
    quiet = Console(should_stop=console.should_stop, timeout=console.timeout)
    result: ProcessResult = run_git(*arguments, place=place, console=quiet, stdin=stdin)
    if result.exit_code != 0:
        raise local_failure(f"run git {arguments[0]}", result, [str(place.directory)])
    return result.stdout
