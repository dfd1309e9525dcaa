"""record-audit-event: write an entry of one's own into the audit log and the events of the project.

However often the step runs, there is one entry for each promotion and step. Do not use secrets in this config.

Source: Kargo docs `promotion-steps/record-audit-event.md`.
Differs: an `actor` given by the template is shown as named by the promotion, so nobody can be spoken for unseen.
"""

from pydantic import Field

from promotions.steps.base import Done, Effect, Step, StepConfig, StepContext, Would
from promotions.steps.capabilities import given


class Config(StepConfig):
    message: str = Field(min_length=1, max_length=10_000, description="What happened, for people.")
    type: str = Field("recorded", min_length=1, max_length=64, description="What kind of deed, in the past tense.")
    actor: str = Field("", max_length=255, description="Who did it; who asked for the promotion when left out.")
    data: dict[str, str] = Field(default_factory=dict, description="More facts: names with texts.")


def run(context: StepContext, config: Config) -> Done:
    events = given(context.can.events)
    is_new = events.record(context.alias, config.message, action=config.type, actor=config.actor, data=config.data)
    context.log(f'Recorded "{config.type}"' if is_new else "It was recorded by an earlier run of this step", "info")
    return Done()


def would(context: StepContext, config: Config) -> Would:
    return Would(f'would record "{config.type}" in the audit log: {config.message}', output={})


STEP = Step(
    "record-audit-event",
    Config,
    run,
    effect=Effect.OUTSIDE,
    rerun="There is one entry for each promotion and step; a second run adds none.",
    needs=("events",),
    would=would,
)
