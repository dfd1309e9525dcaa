"""Symbolic links of a work tree, judged before a program follows them."""

import os
from pathlib import Path

from promotions.files.errors import DocumentError

MAX_ENTRIES = 50_000


def check_inside(root: Path, path: Path, shown: str) -> Path:
    """Where a path really leads. Raises DocumentError when that is outside `root` (a real path)."""
    real = Path(os.path.realpath(path))
    if not real.is_relative_to(root):
        raise DocumentError(f'"{shown}" leads outside the work tree')
    return real


def check_links(root: Path, directory: Path) -> None:
    """Look at every link below a directory, and below the directories they lead to. Raises DocumentError."""
    todo, seen, entries = [Path(os.path.realpath(directory))], set[Path](), 0
    while todo:
        current = todo.pop()
        if current in seen:
            continue
        seen.add(current)
        with os.scandir(current) as scan:
            children = list(scan)
        for entry in children:
            entries += 1
            if entries > MAX_ENTRIES:
                raise DocumentError(f'"{directory.name}" has more than {MAX_ENTRIES} files')
            real = check_inside(root, Path(entry.path), entry.name) if entry.is_symlink() else Path(entry.path)
            if real.is_dir():
                todo.append(real)
