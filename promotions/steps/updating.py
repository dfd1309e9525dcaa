"""What the steps share that set values in a file: their config, and how a change is logged and told."""

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import Field

from promotions.files.documents import read_document
from promotions.files.edits import Edited
from promotions.files.errors import DocumentError
from promotions.steps.base import Done, StepConfig, StepContext, StepErrored
from promotions.steps.private import write_file

OUTPUTS = {"commitMessage": "What was set, as the text of a commit."}

_MAX_SHOWN = 200


class Update(StepConfig):
    key: str = Field(min_length=1, description="Where: parts joined by dots; a number is the index of a list.")
    value: Any = Field(description="The new value: a string, number or boolean.")


class UpdateConfig(StepConfig):
    path: str = Field(min_length=1, description="The file, relative to the work tree.")
    updates: list[Update] = Field(min_length=1, description="What to set; all must be possible, else the file stays.")


Edit = Callable[[bytes, Sequence[tuple[str, Any]]], Edited]


def run_update(context: StepContext, config: UpdateConfig, *, format_name: str, edit: Edit) -> Done:
    """Edit the file, write it once, log each change. Raises StepErrored; then the file is as it was."""
    path = context.path(config.path)
    try:
        before = read_document(path, format_name=format_name)
        edited = edit(before, [(update.key, update.value) for update in config.updates])
    except DocumentError as error:
        raise StepErrored(f'Cannot update "{config.path}": {error}') from error
    except (FileNotFoundError, NotADirectoryError) as error:
        raise StepErrored(f'Cannot update "{config.path}": it does not exist.') from error
    if edited.data != before:
        write_file(context, path, edited.data)
    for change in edited.changes:
        was = f"{_shorten(change.before)} -> " if change.before else ""
        context.log(f"{config.path}: {change.key}: {was}{_shorten(change.after)}", "info")
    lines = [f"- {change.key}: {change.after}" for change in edited.changes]
    return Done({"commitMessage": "\n".join([f"Updated {config.path}", "", *lines])})


def _shorten(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MAX_SHOWN else line[: _MAX_SHOWN - 1] + "…"
