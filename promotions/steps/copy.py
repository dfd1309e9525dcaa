"""copy: copy a file, or what a directory holds, to another place in the work tree.

Source: Kargo docs `promotion-steps/copy.md`.
Differs: when the target lies inside the source, it is not copied into itself.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from pathspec import GitIgnoreSpec
from pydantic import Field

from integrations.errors import Aborted
from promotions.steps.base import Done, Effect, Step, StepConfig, StepContext, StepErrored
from promotions.steps.paths import PRIVATE_DIR, secure_join
from promotions.steps.private import make_directories


class Config(StepConfig):
    in_path: str = Field(min_length=1, description="File or directory to copy.")
    out_path: str = Field(min_length=1, description="Where to: the new file, or the directory to merge into.")
    ignore: str = Field("", min_length=1, description="What to leave out, as lines of a .gitignore file.")


def run(context: StepContext, config: Config) -> Done:
    source, target = context.path(config.in_path), context.path(config.out_path)
    rules = GitIgnoreSpec.from_lines([".git", *config.ignore.splitlines()])
    if source.is_dir():
        _copy_directory(context, source, target, rules)
    elif source.is_file():
        if not rules.match_file(source.name):
            make_directories(context.workdir, target.parent)
            _copy_file(source, target)
    else:
        raise StepErrored(f'Cannot copy "{config.in_path}": it does not exist.')
    return Done()


def _copy_directory(context: StepContext, source: Path, target: Path, rules: GitIgnoreSpec) -> None:
    make_directories(context.workdir, target)
    directories = []
    # Listed before the first write: what is copied must not be found again as something to copy.
    for entry in list(_list_entries(context, source, target, rules)):
        if context.should_stop():
            raise Aborted("copy was stopped on request")
        # A checked-out repository may hold links: no place leads outside the work tree.
        place = secure_join(context.workdir, f"{context.shown(target)}/{entry.relative_to(source)}")
        if entry.is_dir():
            make_directories(context.workdir, place)
            # A run before this one may have made it read-only already.
            place.chmod(place.stat().st_mode | 0o700)
            directories.append((entry, place))
        else:
            _copy_file(entry, place)
    # Last and deepest first: a directory that may not be written to must be filled before.
    for entry, place in reversed(directories):
        shutil.copymode(entry, place)


def _list_entries(context: StepContext, source: Path, target: Path, rules: GitIgnoreSpec) -> Iterator[Path]:
    """Directories before their content; no symlinks, no sockets or devices, nothing ignored."""
    for folder, names, files in os.walk(source):
        here = Path(folder)
        # Changing `names` in place tells os.walk what to leave out.
        names[:] = [
            name
            for name in sorted(names)
            if not (here / name).is_symlink()
            and not rules.match_file(f"{(here / name).relative_to(source)}/")
            and here / name not in (target, context.workdir / PRIVATE_DIR)
        ]
        yield from (here / name for name in names)
        for name in sorted(files):
            entry = here / name
            if entry.is_file() and not entry.is_symlink() and not rules.match_file(entry.relative_to(source)):
                yield entry


def _copy_file(source: Path, target: Path) -> None:
    if source == target:
        return
    if target.exists() and not os.access(target, os.W_OK):
        target.unlink()
    shutil.copyfile(source, target)
    shutil.copymode(source, target)


STEP = Step("copy", Config, run, effect=Effect.WORKSPACE, rerun="Copies again over what is there: the same result.")
