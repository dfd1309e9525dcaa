"""What discovery reads from a mirror: commits of a branch, tags, files a commit changed.

All reading is by git plumbing in batches; ids and dates are git's own.

Source: Kargo `pkg/controller/git` and `pkg/subscription/git`: first-parent history, tags by creator date, the
files of a commit against its first parent without rename detection.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from integrations.errors import NotFound
from integrations.git.environment import SILENT, Console, run_git
from integrations.git.failures import is_damage, local_failure
from integrations.git.mirror import Mirror, MirrorDamaged

MAX_SUBJECT_BYTES = 80

_LOG_FORMAT = "%H%x00%cI%x00%an <%ae>%x00%cn <%ce>%x00%B"
_LOG_FIELDS = 5
_TAG_FORMAT = (
    "%(objectname)%00%(objecttype)%00%(refname)%00%(creatordate:iso-strict)%00%(taggername) %(taggeremail)"
    "%00%(contents)%00"
)
_TAG_FIELDS = 6


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit; persons as `Name <email>`, `subject` at most 80 bytes."""

    id: str
    committed_at: datetime
    author: str
    committer: str
    subject: str


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag and the commit it leads to.

    `created_at`: of the tag object, or the commit's date for a lightweight tag, which has neither `tagger`
    nor `annotation` (first line).
    """

    name: str
    created_at: datetime
    tagger: str
    annotation: str
    commit: Commit


def log_first_parent(
    mirror: Mirror,
    start: str,
    *,
    limit: int,
    skip: int = 0,
    since: datetime | None = None,
    console: Console = SILENT,
) -> list[Commit]:
    """List commits from `start` (a commit id or full ref name) along first parents, newest first."""
    options = ["--first-parent", f"--max-count={limit}", f"--skip={skip}"]
    options += [f"--since={since.isoformat()}"] if since else []
    arguments = ("log", "-z", f"--format=tformat:{_LOG_FORMAT}", *options, "--end-of-options", start, "--")
    return list(_commits(_read(mirror, "read the history", *arguments, console=console)))


def list_commits(mirror: Mirror, ids: Iterable[str], *, console: Console = SILENT) -> dict[str, Commit]:
    """Read commits by full id, in one go."""
    asked = list(dict.fromkeys(ids))
    if not asked:
        return {}
    arguments = ("log", "-z", f"--format=tformat:{_LOG_FORMAT}", "--no-walk=unsorted", "--stdin")
    listing = _read(mirror, "read commits", *arguments, stdin="\n".join(asked) + "\n", console=console)
    return {commit.id: commit for commit in _commits(listing)}


def list_changed_files(
    mirror: Mirror, commits: Sequence[str], *, console: Console = SILENT
) -> Mapping[str, tuple[str, ...]]:
    """Say which files each commit changed against its first parent; a rename is two files."""
    if not commits:
        return {}
    lines = "".join(f"{commit}^{{commit}}\n" for commit in commits)
    parents = _read(
        *(mirror, "read commits", "rev-list", "--parents", "--no-walk=unsorted", "--stdin"),
        stdin=lines,
        console=console,
    )
    # Naming one parent makes diff-tree compare with that one alone, also for merges.
    pairs = [" ".join(line.split()[:2]) for line in parents.splitlines()]
    options = ("--stdin", "--root", "-r", "-z", "--no-renames", "--name-status", "--no-ext-diff")
    stdin = "\n".join(pairs) + "\n"
    tokens = _read(mirror, "compare commits", "diff-tree", *options, stdin=stdin, console=console).split("\0")
    changed: dict[str, list[str]] = {commit: [] for commit in commits}
    current: list[str] = []
    words = iter(tokens)
    for word in words:
        if len(word) == 1:
            current.append(next(words))
        elif word:
            current = changed.setdefault(word.strip(), [])
    return {commit: tuple(files) for commit, files in changed.items()}


def list_tags(mirror: Mirror, *, console: Console = SILENT) -> list[Tag]:
    """List the tags that lead to a commit, newest creator date first."""
    arguments = ("for-each-ref", "--sort=-creatordate", f"--format={_TAG_FORMAT}", "refs/tags")
    fields = _read(mirror, "list the tags", *arguments, console=console).split("\0")
    rows = [fields[start : start + _TAG_FIELDS] for start in range(0, len(fields) - 1, _TAG_FIELDS)]
    targets = _peel(mirror, [row[0].strip() for row in rows], console)
    commits = list_commits(mirror, filter(None, targets), console=console)
    tags = []
    for row, target in zip(rows, targets, strict=True):
        if target is None:
            continue
        _, kind, refname, created, tagger, contents = row
        is_annotated = kind == "tag"
        tags.append(
            Tag(
                name=refname.removeprefix("refs/tags/"),
                created_at=datetime.fromisoformat(created) if created else commits[target].committed_at,
                tagger=tagger.strip() if is_annotated else "",
                annotation=_first_line(contents) if is_annotated else "",
                commit=commits[target],
            )
        )
    return tags


def cut_subject(text: str) -> str:
    """Return the first line of a message, at most 80 bytes."""
    line = _first_line(text)
    data = line.encode()
    if len(data) <= MAX_SUBJECT_BYTES:
        return line
    return data[: MAX_SUBJECT_BYTES - 3].decode(errors="ignore") + "..."


def _peel(mirror: Mirror, ids: list[str], console: Console) -> list[str | None]:
    """Follow tags (also tags of tags) to their commits; None for those of files and trees."""
    if not ids:
        return []
    stdin = "".join(f"{object_id}^{{commit}}\n" for object_id in ids)
    arguments = ("cat-file", "--batch-check=%(objectname)", "--buffer")
    lines = _read(mirror, "resolve tags", *arguments, stdin=stdin, console=console).splitlines()
    return [None if " " in line else line for line in lines]


def _commits(listing: str) -> Iterator[Commit]:
    fields = listing.split("\0")
    for start in range(0, len(fields) - 1, _LOG_FIELDS):
        commit_id, committed, author, committer, message = fields[start : start + _LOG_FIELDS]
        yield Commit(commit_id, datetime.fromisoformat(committed), author, committer, cut_subject(message))


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0].rstrip()


def _read(mirror: Mirror, action: str, *arguments: str, stdin: str = "", console: Console) -> str:
    result = run_git(*arguments, place=mirror.place, stdin=stdin, console=console)
    if result.exit_code == 0:
        return result.stdout
    if "unknown revision" in result.stderr or "bad revision" in result.stderr:
        raise NotFound(f"Cannot {action}: the mirror does not have that branch or commit")
    if is_damage(result):
        raise MirrorDamaged(f"Cannot {action}: the mirror is damaged")
    raise local_failure(action, result, [str(mirror.path)])
