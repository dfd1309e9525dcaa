"""Git clones inside a snapshot: they know absolute paths and borrow objects from a mirror, both of one machine.

Before the tree is stored, `carry_unreachable` copies into the clone what the remote may not give out again: objects
of kept commits that none of the remote's branches and tags leads to. All else that is borrowed can be had from the
remote, so it is not stored: a work tree of a large repository costs its files, not its history.

After the tree is back, `attach_clones` brings the mirror of this machine up to date through the same door as
git-clone (the project's own credentials, a proof of access), keeps the commits there for the promotion, writes the
paths of this machine into the clones, and looks that no object is missing between the commits that were cloned and
those checked out. When the remote's history was rewritten meanwhile and the host does not hand out the commit by its
id, the snapshot cannot be used: the promotion worked on commits that were withdrawn.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from integrations.git.environment import Console, Place, Remote, run_git
from integrations.git.failures import local_failure
from integrations.git.mirror import Mirror, Wanted
from integrations.git.mirrors import Mirrors
from integrations.git.ref_files import find_ref, list_ref_files, read_head
from promotions.steps.paths import PRIVATE_DIR

_CARRIED = "carried"
_PATH_SETTINGS = ("signingKey ", "allowedSignersFile ")
_CHECK_FOR = timedelta(minutes=2)


class CloneUnusable(Exception):
    """A clone of the snapshot cannot be completed on this machine."""


@dataclass(frozen=True, slots=True)
class _Clone:
    """One clone of a work tree: `home/`, `clone.json` and the bare `repo/`."""

    path: Path

    @property
    def repo(self) -> Path:
        return self.path / "repo"

    @property
    def alternates(self) -> Path:
        return self.repo / "objects" / "info" / "alternates"

    @property
    def carried(self) -> set[str]:
        """The kept commits whose objects the clone has itself."""
        note = self.path / _CARRIED
        return set(note.read_text().split()) if note.exists() else set()

    def mirror(self) -> Mirror:
        return Mirror(Path(self.alternates.read_text().strip()).parent)

    def record(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.path / "clone.json").read_text())
        return found

    def heads(self) -> set[str]:
        """The commits checked out; a branch without a commit has none."""
        found = set()
        for admin in self.repo.glob("worktrees/*"):
            branch, commit = read_head(admin)
            found.add(commit or find_ref(self.repo, str(branch)) or "")
        return found - {""}


def describe_clones(workdir: Path, promotion_name: str) -> dict[str, list[str]]:
    """Which commits the mirror keeps for each clone: `{"<clone>": ["<commit>"]}`."""
    return {clone.path.name: clone.mirror().kept(promotion_name) for clone in _list_clones(workdir)}


def carry_unreachable(workdir: Path, promotion_name: str) -> bool:
    """Copy objects into the clones that only the mirror of this machine has for sure. False: there are none."""
    has_copied = False
    for clone in _list_clones(workdir):
        mirror = clone.mirror()
        kept = set(mirror.kept(promotion_name)) - clone.carried
        known = sorted(set(mirror.local_refs().values()))
        lost = [
            commit
            for commit in sorted(kept)
            if _git(mirror.place, "rev-list", "-1", "--stdin", stdin=_range([commit], known))
        ]
        if lost:
            target = str(clone.repo / "objects" / "pack" / "pack")
            _git(mirror.place, "pack-objects", "--quiet", "--revs", target, stdin=_range(lost, known))
            (clone.path / _CARRIED).write_text("".join(f"{commit}\n" for commit in sorted({*clone.carried, *lost})))
            has_copied = True
    return has_copied


def attach_clones(
    draft: Path,
    workdir: Path,
    *,
    old_workdir: str,
    kept: dict[str, list[str]],
    promotion_name: str,
    mirrors: Mirrors,
    connect: Callable[[str, bool], Remote],
    console: Console,
) -> None:
    """Make the clones of the tree in `draft` usable at `workdir`, where it will be moved.

    `connect(url, skip_tls_verify)` gives the remote with the project's credentials. Raises CloneUnusable and
    IntegrationError.
    """
    for clone in _list_clones(draft):
        record = clone.record()
        remote = connect(str(record["url"]), bool(record["skip_tls_verify"]))
        _attach(clone, remote, kept.get(clone.path.name, []), promotion_name, mirrors, console)
    _move_paths(draft, old_workdir, str(workdir))


def _attach(
    clone: _Clone, remote: Remote, kept: list[str], promotion_name: str, mirrors: Mirrors, console: Console
) -> None:
    borrowed = set(kept) - clone.carried
    refs = list_ref_files(clone.repo, "refs/heads", "refs/tags")
    branches = {name.removeprefix("refs/heads/") for name, commit in refs.items() if commit in borrowed}
    tags = {name.removeprefix("refs/tags/") for name, commit in refs.items() if commit in borrowed}
    narrow = Wanted(branches=tuple(sorted(branches)), tags=tuple(sorted(tags)), commits=tuple(sorted(borrowed)))
    everything = Wanted(commits=tuple(sorted(borrowed)), all_branches=True, all_tags=True)
    for wanted in (narrow, everything):
        mirror, _ = mirrors.update(remote, wanted, console=console)
        clone.alternates.write_text(f"{mirror.path.resolve() / 'objects'}\n")
        # What the mirror has a name for was fetched whole.
        if not _missing(clone.repo, kept) and _is_complete(clone, borrowed | set(mirror.local_refs().values())):
            break
    else:
        raise CloneUnusable(
            f'"{remote.address}" does not have the commits any more that this promotion works on: '
            "the history of the repository was rewritten"
        )
    if clone.carried:
        # The next machine asks this mirror what the promotion needs.
        with mirror.locked(console) as lock:
            neighbour = Remote(str(clone.repo), allow_local=True)
            mirror.fetch_specs(neighbour, sorted(clone.carried), console, lock)
    mirror.keep(promotion_name, kept)
    _drop_missing_refs(clone.repo)


def _is_complete(clone: _Clone, known: set[str]) -> bool:
    """Look at all objects from the commits checked out down to those that are known to be whole."""
    result = run_git(
        *("rev-list", "--objects", "--quiet", "--stdin"),
        place=_place(clone.repo),
        console=Console(timeout=_CHECK_FOR),
        stdin=_range(sorted(clone.heads()), sorted(known)),
    )
    return result.exit_code == 0


def _drop_missing_refs(repo: Path) -> None:
    """Other branches and tags of the remote, which nobody here asked for: git stumbles over names of nothing."""
    refs = list_ref_files(repo, "refs")
    missing = _missing(repo, refs.values())
    if not missing:
        return
    packed = repo / "packed-refs"
    lines = packed.read_text().splitlines(keepends=True)
    packed.write_text("".join(line for line in lines if line.partition(" ")[0] not in missing))
    for name, commit in refs.items():
        if commit in missing:
            (repo / name).unlink(missing_ok=True)


def _missing(repo: Path, object_ids: Iterable[str]) -> set[str]:
    """Which of these objects the clone can get nowhere."""
    asked = sorted(set(object_ids))
    if not asked:
        return set()
    stdin = "".join(f"{object_id}\n" for object_id in asked)
    answers = _git(_place(repo), "cat-file", "--batch-check=%(objectname)", stdin=stdin).splitlines()
    return {name for name, answer in zip(asked, answers, strict=True) if answer.endswith((" missing", " ambiguous"))}


def _move_paths(draft: Path, old: str, new: str) -> None:
    """Write the new place of the tree where git and our steps noted the old one."""

    def moved(text: str) -> str | None:
        return f"{new}/{text.removeprefix(f'{old}/')}" if text.startswith(f"{old}/") else None

    private = draft / PRIVATE_DIR
    for record in private.glob("clones/*/repo/worktrees/*/gitdir"):
        place, admin = record.read_text().strip(), f"{new}/{record.parent.relative_to(draft)}"
        if (target := moved(place)) is None:
            continue
        record.write_text(f"{target}\n")
        pointer = draft / place.removeprefix(f"{old}/")
        # A step may have put a link there, or in the place of a directory above.
        is_ours = pointer.resolve().is_relative_to(draft.resolve()) and pointer.is_file()
        if is_ours and moved(pointer.read_text().strip().removeprefix("gitdir: ")) == admin:
            pointer.write_text(f"gitdir: {admin}\n")
    for settings in private.glob("clones/*/home/.gitconfig"):
        _move_settings(settings, old, new)
    for note in private.glob("*.json"):
        _move_note(note, old, new)


def _move_settings(settings: Path, old: str, new: str) -> None:
    """The keys that commits are signed with lie beside the settings, which name them in full."""
    before, after = (f'= "{_escaped(path)}/' for path in (old, new))
    lines = settings.read_text().splitlines(keepends=True)
    moved = [line.replace(before, after) if line.lstrip().startswith(_PATH_SETTINGS) else line for line in lines]
    if moved != lines:
        settings.write_text("".join(moved))


def _escaped(path: str) -> str:
    return path.replace("\\", "\\\\").replace('"', '\\"')


def _move_note(note: Path, old: str, new: str) -> None:
    """Steps tell work trees apart by the content of their `.git`."""
    before, after = f"gitdir: {old}/", f"gitdir: {new}/"
    try:
        values = json.loads(note.read_text())
    except ValueError:
        return
    if not isinstance(values, dict):
        return
    changed = {
        key: after + value.removeprefix(before) if isinstance(value, str) and value.startswith(before) else value
        for key, value in values.items()
    }
    if changed != values:
        note.write_text(json.dumps(changed))


def _list_clones(workdir: Path) -> list[_Clone]:
    """The clones that were finished: half of one is left by a killed worker and never used."""
    found = (_Clone(path) for path in sorted((workdir / PRIVATE_DIR / "clones").glob("*")))
    return [clone for clone in found if (clone.path / "clone.json").is_file() and (clone.repo / "config").is_file()]


def _range(commits: Iterable[str], known: Iterable[str]) -> str:
    """For `--stdin` and `--revs`: these commits, without what the known ones lead to."""
    return "".join(f"{commit}\n" for commit in commits) + "".join(f"^{commit}\n" for commit in known)


def _place(repo: Path) -> Place:
    return Place(directory=repo, git_dir=repo)


def _git(place: Place, *arguments: str, stdin: str) -> str:
    result = run_git(*arguments, place=place, stdin=stdin)
    if result.exit_code != 0:
        raise local_failure(f"run git {arguments[0]}", result, [str(place.directory)])
    return result.stdout
