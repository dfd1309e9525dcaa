"""toml-update: set values in a TOML file, leaving the rest of it byte for byte.

A key must exist and hold a single value; `services.1.port` is the port of the second `[[services]]`. Strings are
written in single quotes where that is possible.

Source: Kargo docs `promotion-steps/toml-update.md`.
Differs: a whole number stays a whole number where the file has one.
"""

from promotions.files.toml import update_toml
from promotions.steps.base import Done, Effect, Step, StepContext
from promotions.steps.updating import OUTPUTS, UpdateConfig, run_update


def run(context: StepContext, config: UpdateConfig) -> Done:
    return run_update(context, config, format_name="TOML", edit=update_toml)


STEP = Step(
    "toml-update",
    UpdateConfig,
    run,
    effect=Effect.WORKSPACE,
    rerun="Sets the same values again.",
    outputs=OUTPUTS,
)
