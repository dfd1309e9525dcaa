"""hcl-update: set attributes in an HCL file (OpenTofu, Terraform, tfvars), leaving the rest of it byte for byte.

A key names the way to an attribute that exists: the types and labels of its blocks, its name, and what lies in its
map or list, joined by dots: `image_uri`, `resource.aws_instance.example.tags.version`. Where several blocks have the
same type and labels, a number after them picks one, counted from 0.

Source: Kargo docs `promotion-steps/hcl-update.md`.
Differs: the step has a commitMessage.
"""

from promotions.files.hcl import update_hcl
from promotions.steps.base import Done, Effect, Step, StepContext
from promotions.steps.updating import OUTPUTS, UpdateConfig, run_update


def run(context: StepContext, config: UpdateConfig) -> Done:
    return run_update(context, config, format_name="HCL", edit=update_hcl)


STEP = Step(
    "hcl-update",
    UpdateConfig,
    run,
    effect=Effect.WORKSPACE,
    rerun="Sets the same values again.",
    outputs=OUTPUTS,
)
