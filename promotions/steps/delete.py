"""delete: remove files and directories from the work tree; what is not there is fine unless `strict`.

Source: Kargo docs `promotion-steps/delete.md`.
Differs: the paths of an interrupted strict try are remembered, so that its next try does not miss them.
"""

import os
import posixpath
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, model_validator
from wcmatch import glob

from integrations.errors import Aborted
from promotions.steps.base import Done, Effect, Step, StepConfig, StepContext, StepErrored
from promotions.steps.paths import PRIVATE_DIR, PathEscape, confined_join
from promotions.steps.private import read_note, write_note
from promotions.steps.rules import exactly_one, with_rules

_GLOB_FLAGS = glob.GLOBSTAR | glob.BRACE | glob.DOTGLOB | glob.NODOTDIR


class Config(StepConfig):
    model_config = ConfigDict(json_schema_extra=with_rules(exactly_one("path", "paths")))

    path: str = Field("", min_length=1, description="What to delete; exactly one of path and paths.")
    paths: list[Annotated[str, Field(min_length=1)]] = Field(
        default_factory=list, min_length=1, description="What to delete, several."
    )
    paths_are_globs: bool = Field(False, description="Read path and paths as glob patterns.")
    strict: bool = Field(False, description="Fail when a path does not exist or a pattern matches nothing.")

    @model_validator(mode="after")
    def require_one_of_path_and_paths(self) -> "Config":
        if len(self.model_fields_set & {"path", "paths"}) != 1:
            raise ValueError("exactly one of path and paths is required")
        return self


def run(context: StepContext, config: Config) -> Done:
    wanted = config.paths or [config.path]
    earlier = _read_earlier_targets(context, wanted) if config.strict else {}
    found = {entry: _find(context, config, entry, earlier) for entry in wanted}
    if config.strict:
        note = {entry: [context.shown(path) for path in paths] for entry, paths in found.items()}
        write_note(context, "delete", {"targets": {**note, **earlier}})
    for path in dict.fromkeys(path for paths in found.values() for path in paths):
        if context.should_stop():
            raise Aborted("delete was stopped on request")
        _delete(path)
    for entry, paths in found.items():
        count = f": {len(paths)} path(s)" if config.paths_are_globs else ""
        context.log(f"Deleted {entry}{count}" if paths else f"Nothing to delete at {entry}", "info")
    return Done()


def _find(context: StepContext, config: Config, entry: str, earlier: dict[str, list[str]]) -> list[Path]:
    """The existing paths an entry means. Raises StepErrored on escapes, and when strict finds nothing."""
    paths = _match(context, entry) if config.paths_are_globs else _existing([_join(context, entry)])
    if not paths and config.strict and entry not in earlier:
        raise StepErrored(
            f'no paths matched pattern "{entry}"' if config.paths_are_globs else f'path "{entry}" does not exist'
        )
    return paths


def _match(context: StepContext, pattern: str) -> list[Path]:
    if not _is_valid_pattern(pattern):
        raise StepErrored(f'"{pattern}" is not a valid glob pattern.', permanent=True)
    clean = posixpath.normpath(pattern.lstrip("/") or ".")
    # The pattern itself must not climb out; its matches are checked one by one below.
    _join(context, clean)
    names = glob.glob(clean, flags=_GLOB_FLAGS, root_dir=str(context.workdir))
    ours = (name for name in sorted(names) if name.split("/")[0] not in ("", ".", PRIVATE_DIR))
    return _existing([_join(context, name) for name in ours])


def _join(context: StepContext, entry: str) -> Path:
    try:
        return confined_join(context.workdir, entry)
    except PathEscape as error:
        raise StepErrored(f'"{entry}": {error}') from error


def _existing(paths: Iterable[Path]) -> list[Path]:
    # lexists() hides every other trouble on the way, such as a parent we may not look into.
    found = []
    for path in paths:
        try:
            path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            continue
        found.append(path)
    return found


def _delete(path: Path) -> None:
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            os.unlink(path)
    except (FileNotFoundError, NotADirectoryError):
        # Deleted with its parent, earlier in the list.
        return


def _read_earlier_targets(context: StepContext, wanted: list[str]) -> dict[str, list[str]]:
    note = read_note(context, "delete")
    targets: dict[str, list[str]] = note["targets"] if note else {}
    return {entry: targets[entry] for entry in wanted if entry in targets}


def _is_valid_pattern(pattern: str) -> bool:
    """Brackets and braces are closed, no escape at the end; wcmatch takes a broken pattern literally."""
    depth, position = 0, 0
    while position < len(pattern):
        letter = pattern[position]
        if letter == "\\":
            position += 1
            if position == len(pattern):
                return False
        elif letter == "[":
            # A bracket right after the opening (or its negation) is a member of the set.
            start = position + (2 if pattern[position + 1 : position + 2] in ("!", "^") else 1)
            position = pattern.find("]", start + 1)
            if position < 0:
                return False
        elif letter == "{":
            depth += 1
        elif letter == "}":
            depth -= 1
            if depth < 0:
                return False
        position += 1
    return depth == 0


STEP = Step(
    "delete",
    Config,
    run,
    effect=Effect.WORKSPACE,
    rerun="Deletes what is left. Strict, too: what an interrupted try of this step deleted is not missed.",
)
