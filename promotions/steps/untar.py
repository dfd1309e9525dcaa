"""untar: extract a tar archive, compressed with gzip or not, into a directory that it replaces.

What `outPath` held before is gone afterwards. Regular files, directories and symlinks come out, and only those that
stay inside; everything else is passed over. Without `ignore`, `.git` is left out; with it, only what its lines say.
A file may have 50 MiB, all together 100 MiB.

Source: Kargo docs `promotion-steps/untar.md`, code `tar_extractor.go`.
Differs: rules of `ignore` really match; a leading `./` of a name is taken off; a directory that holds a work tree of
git is not replaced.
"""

import os
import shutil
import tempfile
from pathlib import Path

from pydantic import Field

from integrations.errors import Aborted
from promotions.files.archives import Extracted, extract_archive
from promotions.files.errors import DocumentError
from promotions.files.trees import IgnoreRules
from promotions.steps.base import Done, Effect, Step, StepConfig, StepContext, StepErrored
from promotions.steps.private import make_directories, private_dir, read_note, write_note
from promotions.steps.whole_numbers import Whole


class Config(StepConfig):
    in_path: str = Field(min_length=1, description="The archive.")
    out_path: str = Field(min_length=1, description="Directory to extract into; what it held is lost.")
    strip_components: Whole = Field(0, ge=0, description="Leading parts to take off each name.")
    ignore: str = Field("", min_length=1, description="What to leave out, as lines of a .gitignore file.")


def run(context: StepContext, config: Config) -> Done:
    archive, target = context.path(config.in_path), context.path(config.out_path)
    _check_target(context, config, target)
    # Next to each other on one disk: the last move is a rename.
    bench = Path(tempfile.mkdtemp(dir=private_dir(context), prefix="untar-"))
    try:
        fresh = bench / "new"
        fresh.mkdir()
        extracted = _extract(context, config, archive, fresh)
        make_directories(context.workdir, target.parent)
        write_note(context, "untar", {"inode": fresh.stat().st_ino})
        if target.is_dir():
            os.rename(target, bench / "old")
        os.rename(fresh, target)
        target.chmod(0o750)
    finally:
        shutil.rmtree(bench)
    context.log(f"{config.out_path}: {extracted.files} file(s) from {config.in_path}", "info")
    if extracted.passed_over:
        names = ", ".join(extracted.examples)
        context.log(f"Passed over {extracted.passed_over} entries that may not come out, such as {names}", "info")
    return Done()


def _extract(context: StepContext, config: Config, archive: Path, fresh: Path) -> Extracted:
    rules = IgnoreRules(config.ignore.splitlines())
    if rules.is_empty:
        rules = IgnoreRules([".git"])
    try:
        extracted = extract_archive(
            archive, fresh, strip=config.strip_components, rules=rules, should_stop=context.should_stop
        )
    except DocumentError as error:
        raise StepErrored(f'Cannot extract "{config.in_path}": {error}') from error
    except (FileNotFoundError, NotADirectoryError) as error:
        raise StepErrored(f'Cannot extract "{config.in_path}": it does not exist.') from error
    if extracted is None:
        raise Aborted("untar was stopped on request")
    return extracted


def _check_target(context: StepContext, config: Config, target: Path) -> None:
    if target == context.workdir:
        raise StepErrored(f'"{config.out_path}" is the working directory itself; name a directory in it.')
    if target.exists() and not target.is_dir():
        raise StepErrored(f'"{config.out_path}" is a file; name a directory, or one that does not exist yet.')
    note = read_note(context, "untar")
    if note is not None and target.is_dir() and note["inode"] == target.stat().st_ino:
        # An earlier try of this very step made it: a .git in it came out of the archive.
        return
    for folder, names, files in os.walk(target):
        if ".git" in names or ".git" in files:
            where = context.shown(Path(folder))
            raise StepErrored(
                f'"{config.out_path}" would be replaced as a whole, but "{where}" is a work tree of git; '
                "name a directory inside of it."
            )


STEP = Step("untar", Config, run, effect=Effect.WORKSPACE, rerun="Extracts again: the same result.")
