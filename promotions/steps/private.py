"""What a step keeps for itself inside the work tree: notes to its own next try, and files half written.

A worker may be killed at any moment and another one runs the step again. Files are therefore put in place
whole, by a rename, and a step that would take its own earlier work for somebody else's leaves itself a note.
"""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from promotions.steps.base import StepContext, StepErrored
from promotions.steps.paths import PRIVATE_DIR


def private_dir(context: StepContext) -> Path:
    """The directory of ours at the top of the work tree; made when missing."""
    directory = context.workdir / PRIVATE_DIR
    if directory.is_symlink():
        raise StepErrored(
            f'"{PRIVATE_DIR}" in the work tree must be a directory of ours, but it is a symbolic link. '
            "Check out the repository to another path.",
            permanent=True,
        )
    if not directory.is_dir():
        directory.mkdir(mode=0o700)
        # When somebody checks out a repository at ".", our directory must not become part of a commit.
        (directory / ".gitignore").write_text("*\n")
    return directory


def write_file(context: StepContext, path: Path, data: bytes, *, mode: int | None = None) -> None:
    """Put a file in place whole or not at all. `mode=None`: that of the file it replaces, else 0600."""
    if mode is None:
        mode = path.stat().st_mode & 0o7777 if path.exists() else 0o600
    with _draft(context) as draft:
        draft.write_bytes(data)
        draft.chmod(mode)
        # A directory in the way is the caller's error and comes back as OSError naming it.
        os.replace(draft, path)


def make_directories(root: Path, directory: Path) -> None:
    """Make the missing directories between `root` and `directory`, each with mode 0700."""
    current = root
    for part in directory.relative_to(root).parts:
        current = current / part
        if not current.is_dir():
            current.mkdir(mode=0o700)


def read_note(context: StepContext, name: str) -> dict[str, Any] | None:
    """What an earlier try of this very step (same alias) noted in this work tree."""
    try:
        note: dict[str, Any] = json.loads(_note_path(context, name).read_text())
    except FileNotFoundError:
        return None
    return note


def write_note(context: StepContext, name: str, note: dict[str, Any]) -> None:
    """Leave a note for the next try of this very step."""
    write_file(context, _note_path(context, name), json.dumps(note).encode())


def clear_note(context: StepContext, name: str) -> None:
    """Take a note back; harmless when there is none."""
    _note_path(context, name).unlink(missing_ok=True)


def _note_path(context: StepContext, name: str) -> Path:
    # An alias may hold any character; its digest is a safe file name.
    alias = hashlib.sha256(context.alias.encode()).hexdigest()[:16]
    return private_dir(context) / f"{name}-{alias}.json"


@contextlib.contextmanager
def _draft(context: StepContext) -> Iterator[Path]:
    handle, name = tempfile.mkstemp(dir=private_dir(context), prefix="draft-")
    os.close(handle)
    draft = Path(name)
    try:
        yield draft
    finally:
        draft.unlink(missing_ok=True)
