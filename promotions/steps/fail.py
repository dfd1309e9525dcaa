"""fail: end the promotion on purpose.

Source: Kargo docs `promotion-steps/fail.md`.
"""

from typing import NoReturn

from pydantic import Field

from promotions.steps.base import Effect, Step, StepConfig, StepContext, StepFailed


class Config(StepConfig):
    message: str = Field("", min_length=1, description="Why the promotion fails.")


def run(context: StepContext, config: Config) -> NoReturn:
    raise StepFailed(f"failed: {config.message}" if config.message else "failed")


STEP = Step("fail", Config, run, effect=Effect.WORKSPACE, rerun="Fails again.")
