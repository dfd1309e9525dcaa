"""Which directories of a promotion's workspace are work trees that we made.

A `.git` file in a work tree can be rewritten by a step, so it is never trusted. The truth is the registration
that git keeps in the clone, which lies in a directory no step reaches:

    <clones>/<id>/clone.json            where the clone came from
    <clones>/<id>/home/.gitconfig       identity and signing
    <clones>/<id>/repo/                 the bare clone
    <clones>/<id>/repo/worktrees/<n>/   one registration; its `gitdir` file names the work tree
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from integrations.errors import Rejected


@dataclass(frozen=True, slots=True)
class Registration:
    """One work tree: its top directory, git's records of it, and the clone it belongs to."""

    root: Path
    admin: Path
    clone: Path

    def is_live(self) -> bool:
        """Tell whether the directory still is the work tree that was registered."""
        try:
            return (self.root / ".git").read_text().strip() == f"gitdir: {self.admin}"
        except (OSError, UnicodeDecodeError):
            return False


def list_registrations(clones: Path) -> Iterator[Registration]:
    """Go through all registered work trees of a workspace."""
    for record in sorted(clones.glob("*/repo/worktrees/*/gitdir")):
        admin = record.parent
        yield Registration(Path(record.read_text().strip()).parent, admin, admin.parents[2])


def find_registration(clones: Path, path: Path) -> Registration | None:
    """Find the work tree that `path` is, or lies in: the innermost one."""
    wanted = path.resolve()
    live = [found for found in list_registrations(clones) if found.is_live()]
    around = [found for found in live if wanted.is_relative_to(found.root.resolve())]
    return max(around, key=lambda found: len(found.root.parts), default=None)


def discard_worktree(clones: Path, path: Path) -> bool:
    """Delete a work tree made by us with everything in it, and its clone when that was the last one.

    False when `path` is no such work tree; then nothing is touched.
    """
    root = path.resolve()
    if not any(found.root.resolve() == root and found.is_live() for found in list_registrations(clones)):
        return False
    # .git goes last: if we are killed on the way, the rest is still known as a work tree.
    for child in root.iterdir():
        if child.name != ".git":
            _remove(child)
    (root / ".git").unlink()
    root.rmdir()
    for found in list(list_registrations(clones)):
        if found.root.resolve().is_relative_to(root) and not found.is_live():
            _deregister(found)
    return True


def prepare_target(clones: Path, path: Path) -> None:
    """Make room for a new work tree at `path`: missing or an empty directory, an earlier work tree discarded.

    Raises Rejected when something else is there.
    """
    if discard_worktree(clones, path):
        return
    is_free = not path.is_symlink() and (not path.exists() or (path.is_dir() and not any(path.iterdir())))
    if not is_free:
        raise Rejected(
            f'Path "{path.name}" already exists and was not made by git-clone: '
            "choose another path or remove it with the delete step first"
        )
    path.parent.mkdir(parents=True, exist_ok=True)


def _deregister(found: Registration) -> None:
    shutil.rmtree(found.admin)
    if not any(found.admin.parent.iterdir()):
        shutil.rmtree(found.clone)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        # Some tools leave directories that even their owner may not change.
        for directory in (path, *(child for child in path.rglob("*") if child.is_dir())):
            if not directory.is_symlink():
                directory.chmod(0o700)
        shutil.rmtree(path)
    else:
        path.unlink()
