"""Paths inside a work tree: joining treats the work tree as if it were the root of the file system.

One directory at its top is ours (clones with their git settings, notes of steps): no step is led into it.

Source: Kargo code, filepath-securejoin as used by the built-in steps.
"""

import os
import posixpath
from pathlib import Path

PRIVATE_DIR = ".kargoweb"

_MAX_LINKS = 255
_OUTSIDE = "path attempts to traverse outside the working directory"


class PathEscape(Exception):
    """A path leads, or would lead, outside the work tree."""


def secure_join(root: Path, relative: str) -> Path:
    """Join so that nothing leaves `root`: `..` stops at it, `/` means it, symlinks are followed inside it.

    Missing components are fine. Raises PathEscape when links run in a circle, and on our own directory.
    """
    current, links = root, 0
    todo = [part for part in relative.split("/") if part not in ("", ".")]
    while todo:
        part = todo.pop(0)
        if part == "..":
            current = current.parent if current != root else root
            continue
        step = current / part
        if not step.is_symlink():
            current = step
            continue
        links += 1
        if links > _MAX_LINKS:
            raise PathEscape(f'Path "{relative}" has too many symbolic links.')
        target = os.readlink(step)
        if target.startswith("/"):
            current = root
        todo = [p for p in target.split("/") if p not in ("", ".")] + todo
    _refuse_private(root, current)
    return current


def confined_join(root: Path, relative: str) -> Path:
    """Join for steps that refuse escapes instead of clamping them; the last component is not followed.

    A leading `/` means `root`. Raises PathEscape when the text climbs out of `root` or names `root` itself,
    and when a parent is a symlink that leads outside.
    """
    clean = posixpath.normpath(relative.lstrip("/") or ".")
    if clean == "." or clean == ".." or clean.startswith("../"):
        raise PathEscape(_OUTSIDE)
    path = root / clean
    real_root = os.path.realpath(root)
    real_parent = os.path.realpath(path.parent)
    if real_parent != real_root and not real_parent.startswith(real_root + os.sep):
        raise PathEscape(_OUTSIDE)
    joined = Path(root, os.path.relpath(real_parent, real_root), path.name)
    _refuse_private(root, joined)
    return joined


def _refuse_private(root: Path, path: Path) -> None:
    # Compared without case: some file systems do not tell capitals apart.
    parts = path.relative_to(root).parts
    if parts and parts[0].casefold() == PRIVATE_DIR:
        raise PathEscape(f'"{PRIVATE_DIR}" in the working directory is not for steps.')
