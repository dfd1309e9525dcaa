"""copy: copy a file, or what a directory holds, to another place in the work tree.

Source: Kargo docs `promotion-steps/copy.md`.
Differs: when the target lies inside the source, it is not copied into itself.
"""

import os
import shutil
from pathlib import Path

from pydantic import Field

from integrations.errors import Aborted
from promotions.files.trees import IgnoreRules, list_tree
from promotions.steps.base import Done, Effect, Step, StepConfig, StepContext, StepErrored
from promotions.steps.paths import PRIVATE_DIR, secure_join
from promotions.steps.private import make_directories


class Config(StepConfig):
    in_path: str = Field(min_length=1, description="File or directory to copy.")
    out_path: str = Field(min_length=1, description="Where to: the new file, or the directory to merge into.")
    ignore: str = Field("", min_length=1, description="What to leave out, as lines of a .gitignore file.")


def run(context: StepContext, config: Config) -> Done:
    source, target = context.path(config.in_path), context.path(config.out_path)
    rules = IgnoreRules([".git", *config.ignore.splitlines()])
    if source.is_dir():
        count = _copy_directory(context, source, target, rules)
    elif source.is_file():
        count = 0
        if not rules.ignore(source.name, is_directory=False):
            make_directories(context.workdir, target.parent)
            _copy_file(source, target)
            count = 1
    else:
        raise StepErrored(f'Cannot copy "{config.in_path}": it does not exist.')
    context.log(f"{config.out_path}: {count} file(s) from {config.in_path}", "info")
    return Done()


def _copy_directory(context: StepContext, source: Path, target: Path, rules: IgnoreRules) -> int:
    make_directories(context.workdir, target)
    directories: list[tuple[Path, Path]] = []
    # Places of directories that were looked up already, by their path below the source.
    places = {"": target}
    count = 0
    ours = {str(target), str(context.workdir / PRIVATE_DIR)}
    # Listed before the first write: what is copied must not be found again as something to copy.
    for item in list(list_tree(source, rules, left_out=ours)):
        if context.should_stop():
            raise Aborted("copy was stopped on request")
        parent, _, name = item.relative.rpartition("/")
        place = places[parent] / name
        if place.is_symlink():
            # A checked-out repository may hold links: no place leads outside the work tree.
            place = secure_join(context.workdir, f"{context.shown(places[parent])}/{name}")
        if item.is_directory:
            make_directories(context.workdir, place)
            # A run before this one may have made it read-only already.
            place.chmod(place.stat().st_mode | 0o700)
            places[item.relative] = place
            directories.append((item.path, place))
        elif item.is_file:
            _copy_file(item.path, place)
            count += 1
    # Last and deepest first: a directory that may not be written to must be filled before.
    for entry, place in reversed(directories):
        shutil.copymode(entry, place)
    return count


def _copy_file(source: Path, target: Path) -> None:
    if source == target:
        return
    if target.exists() and not os.access(target, os.W_OK):
        target.unlink()
    shutil.copyfile(source, target)
    shutil.copymode(source, target)


STEP = Step("copy", Config, run, effect=Effect.WORKSPACE, rerun="Copies again over what is there: the same result.")
