"""set-freight-alias: give freight of the project another alias.

Source: Kargo docs `promotion-steps/set-freight-alias.md`.
Differs: the message names the old alias; a rename is in the audit log as every other.
"""

from pydantic import Field

from promotions.steps.base import Done, Effect, Step, StepConfig, StepContext, StepFailed, Would
from promotions.steps.capabilities import given


class Config(StepConfig):
    name: str = Field(min_length=1, description="Name of the freight.")
    alias: str = Field(min_length=1, description="The new alias; no other freight of the project may have it.")


def run(context: StepContext, config: Config) -> Done:
    try:
        old = given(context.can.aliases).rename(config.name, config.alias)
    except LookupError as error:
        raise StepFailed(f'Freight "{config.name}" does not exist in this project.') from error
    except ValueError as error:
        raise StepFailed(f'Cannot set the alias of Freight "{config.name}": {error}') from error
    return Done(message=f'updated alias of Freight "{config.name}" from "{old}" to "{config.alias}"')


def would(context: StepContext, config: Config) -> Would:
    return Would(f'would set the alias of Freight "{config.name}" to "{config.alias}"', output={})


STEP = Step(
    "set-freight-alias",
    Config,
    run,
    effect=Effect.OUTSIDE,
    rerun="The freight has the alias then; nothing changes.",
    needs=("aliases",),
    would=would,
)
