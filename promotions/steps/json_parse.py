"""json-parse: take values out of a JSON file.

Each `fromExpression` is an expression over the document and is not wrapped in `${{ }}`: `image.tag`, or `$env[0]`
when the file holds a list.

Source: Kargo docs `promotion-steps/json-parse.md`.
Differs: whole numbers stay whole numbers.
"""

from promotions.files.json import read_json
from promotions.steps.base import Done, Effect, Step, StepContext
from promotions.steps.parsing import OUTPUTS, ParseConfig, run_parse


def run(context: StepContext, config: ParseConfig) -> Done:
    return run_parse(context, config, format_name="JSON", read=read_json)


STEP = Step("json-parse", ParseConfig, run, effect=Effect.WORKSPACE, rerun="Reads again.", outputs=OUTPUTS)
