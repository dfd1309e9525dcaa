"""json-update: set values in a JSON file, leaving the rest of it byte for byte.

Missing keys and their parents are made. An index behind the end of a list fills it up with null, `-1` appends.
A dot inside a name is written as `\\.`; a colon in front (`:80`) makes a number the key of a map.

Source: Kargo docs `promotion-steps/json-update.md`.
Differs: numbers keep all their digits in file and commit message; see `promotions/files/json.py`.
"""

from promotions.files.json import update_json
from promotions.steps.base import Done, Effect, Step, StepContext
from promotions.steps.updating import OUTPUTS, UpdateConfig, run_update


def run(context: StepContext, config: UpdateConfig) -> Done:
    return run_update(context, config, format_name="JSON", edit=update_json)


STEP = Step(
    "json-update",
    UpdateConfig,
    run,
    effect=Effect.WORKSPACE,
    rerun="Sets the same values again; an index of -1 appends once more.",
    outputs=OUTPUTS,
)
