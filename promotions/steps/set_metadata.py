"""set-metadata: keep values with a stage or with freight, for later promotions to read.

Source: Kargo docs `promotion-steps/set-metadata.md`.
"""

from typing import Any, Literal

from pydantic import Field

from promotions.steps.base import Done, Effect, Step, StepConfig, StepContext, StepErrored, Would
from promotions.steps.capabilities import given


class Update(StepConfig):
    kind: Literal["Stage", "Freight"] = Field(description="What gets the metadata.")
    name: str = Field(min_length=1, description="Name of the stage or freight.")
    values: dict[str, Any] = Field(min_length=1, description="Keys to set; others stay.")


class Config(StepConfig):
    updates: list[Update] = Field(min_length=1, description="Applied one by one, in order.")


def run(context: StepContext, config: Config) -> Done:
    metadata = given(context.can.metadata)
    for update in config.updates:
        try:
            metadata.merge(update.kind, update.name, update.values)
        except LookupError as error:
            raise StepErrored(f'{update.kind} "{update.name}" does not exist in this project.') from error
    return Done()


def would(context: StepContext, config: Config) -> Would:
    """Names what would be set, not the values: these may be secrets."""
    updates = (f'{", ".join(sorted(update.values))} of {update.kind} "{update.name}"' for update in config.updates)
    return Would(f"would set {'; '.join(updates)}", output={})


STEP = Step(
    "set-metadata",
    Config,
    run,
    effect=Effect.OUTSIDE,
    rerun="Sets the same keys to the same values.",
    needs=("metadata",),
    would=would,
)
