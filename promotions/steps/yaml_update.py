"""yaml-update: set values in a YAML file, leaving the rest of it byte for byte.

Source: Kargo docs `promotion-steps/yaml-update.md`.
Differs: comments, line ends and what else stands on a changed line stay; see `promotions/files/yaml.py`.
"""

from typing import Any

from pydantic import Field

from promotions.files.errors import DocumentError
from promotions.files.yaml import read_document, show_value, update_yaml
from promotions.steps.base import Done, Effect, Step, StepConfig, StepContext, StepErrored
from promotions.steps.private import write_file


class Update(StepConfig):
    key: str = Field(min_length=1, description="Where: parts joined by dots; a number is the index of a list.")
    value: Any = Field(description="The new value: string, number, boolean or null.")


class Config(StepConfig):
    path: str = Field(min_length=1, description="The YAML file.")
    updates: list[Update] = Field(min_length=1, description="All must be possible, else the file stays.")


def run(context: StepContext, config: Config) -> Done:
    path = context.path(config.path)
    try:
        before = read_document(path)
        after = update_yaml(before, [(update.key, update.value) for update in config.updates])
        lines = [f"- {update.key}: {show_value(update.value)}" for update in config.updates]
    except DocumentError as error:
        raise StepErrored(f'Cannot update "{config.path}": {error}') from error
    except FileNotFoundError as error:
        raise StepErrored(f'Cannot update "{config.path}": it does not exist.') from error
    if after != before:
        write_file(context, path, after)
    return Done({"commitMessage": "\n".join([f"Updated {config.path}", "", *lines])})


STEP = Step(
    "yaml-update",
    Config,
    run,
    effect=Effect.WORKSPACE,
    rerun="Sets the same values again.",
    outputs={"commitMessage": "What was set, as the text of a commit."},
)
