"""A downloaded file: its place in the work tree, and how it gets there whole or not at all.

A worker may be killed when the file is in place and that is not on record yet: the next try knows the file again.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from integrations.stoppable import StoppableFile
from promotions.steps.base import StepContext, StepErrored
from promotions.steps.private import make_directories, private_dir, read_note, write_note

MAX_BYTES = 100 * 1024 * 1024
_NOTE = "download"


def prepare_target(context: StepContext, out_path: str, *, allow_overwrite: bool) -> Path:
    """Where the file goes, with the directories made. Raises StepErrored when it is there and must stay."""
    target = context.path(out_path)
    if target.is_dir():
        raise StepErrored(f'"{out_path}" is a directory; outPath must name a file.', permanent=True)
    if target.exists() and not allow_overwrite and read_note(context, _NOTE) != _identify(target):
        raise StepErrored(
            f"file already exists at {out_path} and overwrite is not allowed; set allowOverwrite to replace it",
            permanent=True,
        )
    make_directories(context.workdir, target.parent)
    return target


@contextmanager
def downloaded(context: StepContext, target: Path) -> Iterator[BinaryIO]:
    """A file to fill (mode 0600), put in place when the block ends without an exception."""
    handle, name = tempfile.mkstemp(dir=private_dir(context), prefix="download-")
    draft = Path(name)
    try:
        with StoppableFile(handle, context.should_stop) as file:
            yield file
        # A rename changes neither.
        write_note(context, _NOTE, _identify(draft))
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)


def _identify(file: Path) -> dict[str, int]:
    facts = file.stat()
    return {"inode": facts.st_ino, "written": facts.st_mtime_ns}
