"""yaml-update: set values in a YAML file, leaving the rest of it byte for byte.

Source: Kargo docs `promotion-steps/yaml-update.md`.
Differs: comments, line ends and what else stands on a changed line stay; null is a value; see
`promotions/files/yaml.py`.
"""

from promotions.files.yaml import edit_yaml
from promotions.steps.base import Done, Effect, Step, StepContext
from promotions.steps.updating import OUTPUTS, UpdateConfig, run_update


def run(context: StepContext, config: UpdateConfig) -> Done:
    return run_update(context, config, format_name="YAML", edit=edit_yaml)


STEP = Step(
    "yaml-update",
    UpdateConfig,
    run,
    effect=Effect.WORKSPACE,
    rerun="Sets the same values again.",
    outputs=OUTPUTS,
)
