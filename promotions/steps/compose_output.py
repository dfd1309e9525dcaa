"""compose-output: make an output of values taken from other steps.

What a task returns is composed with this step: the steps after the task see it under the task's alias.

Source: Kargo docs `promotion-steps/compose-output.md`.
"""

from pydantic import ConfigDict, model_validator

from promotions.steps.base import Done, Effect, Step, StepConfig, StepContext


class Config(StepConfig):
    model_config = ConfigDict(extra="allow", json_schema_extra={"minProperties": 1})

    @model_validator(mode="after")
    def require_a_property(self) -> "Config":
        if not self.model_extra:
            raise ValueError("must have at least one property")
        return self


def run(context: StepContext, config: Config) -> Done:
    return Done(dict(config.model_extra or {}))


STEP = Step(
    "compose-output",
    Config,
    run,
    effect=Effect.WORKSPACE,
    rerun="Gives the same output.",
    outputs={"<name>": "Each property of the config, as it is."},
)
