"""tar: put a file, or what a directory holds, into a tar archive.

Without `ignore`, `.git` is left out; with it, only what its lines say. Symlinks are stored as links. A file may have
50 MiB, all together 100 MiB.

Source: Kargo docs `promotion-steps/tar.md`, code `tar_creator.go`.
Differs: the archive does not hold itself; owners, sockets and devices are left out.
"""

import os
import tempfile
from pathlib import Path

from pydantic import Field

from integrations.errors import Aborted
from promotions.files.archives import ArchiveWriter
from promotions.files.errors import DocumentError
from promotions.files.trees import IgnoreRules, list_tree
from promotions.steps.base import Done, Effect, Step, StepConfig, StepContext, StepErrored
from promotions.steps.paths import PRIVATE_DIR
from promotions.steps.private import make_directories, private_dir

_BUFFER_BYTES = 1024 * 1024


class Config(StepConfig):
    in_path: str = Field(min_length=1, description="File or directory to put into the archive.")
    out_path: str = Field(min_length=1, description="The archive; replaced when it exists.")
    ignore: str = Field("", min_length=1, description="What to leave out, as lines of a .gitignore file.")
    gzip: bool = Field(False, description="Compress the archive.")


def run(context: StepContext, config: Config) -> Done:
    source, target = context.path(config.in_path), context.path(config.out_path)
    if not source.exists():
        raise StepErrored(f'Cannot archive "{config.in_path}": it does not exist.')
    make_directories(context.workdir, target.parent)
    handle, name = tempfile.mkstemp(dir=private_dir(context), prefix="tar-")
    draft = Path(name)
    try:
        with open(handle, "wb", buffering=_BUFFER_BYTES) as file:
            writer = ArchiveWriter(file, compress=config.gzip)
            _add_all(context, config, writer, source, target)
            writer.close()
        os.replace(draft, target)
    except DocumentError as error:
        raise StepErrored(f'Cannot archive "{config.in_path}": {error}') from error
    finally:
        draft.unlink(missing_ok=True)
    context.log(f"{config.out_path}: {writer.count} file(s) from {config.in_path}", "info")
    return Done()


def _add_all(context: StepContext, config: Config, writer: ArchiveWriter, source: Path, target: Path) -> None:
    text = config.ignore.strip()
    rules = IgnoreRules([line.strip() for line in text.splitlines()] if text else [".git"])
    if not source.is_dir():
        if not rules.ignore(source.name, is_directory=False):
            writer.add_file(source.name, str(source))
        return
    ours = {str(target), str(context.workdir / PRIVATE_DIR)}
    for item in list_tree(source, rules, left_out=ours):
        if context.should_stop():
            raise Aborted("tar was stopped on request")
        writer.add(item.relative, item)


STEP = Step("tar", Config, run, effect=Effect.WORKSPACE, rerun="Writes the archive again: the same result.")
