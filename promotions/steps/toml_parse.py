"""toml-parse: take values out of a TOML file.

Each `fromExpression` is an expression over the document and is not wrapped in `${{ }}`: `image.tag`. Dates and times
without a zone are texts.

Source: Kargo docs `promotion-steps/toml-parse.md`.
"""

from promotions.files.toml import read_toml
from promotions.steps.base import Done, Effect, Step, StepContext
from promotions.steps.parsing import OUTPUTS, ParseConfig, run_parse


def run(context: StepContext, config: ParseConfig) -> Done:
    return run_parse(context, config, format_name="TOML", read=read_toml)


STEP = Step("toml-parse", ParseConfig, run, effect=Effect.WORKSPACE, rerun="Reads again.", outputs=OUTPUTS)
