"""yaml-parse: take values out of the first document of a YAML file.

Each `fromExpression` is an expression over the document and is not wrapped in `${{ }}`: `image.tag`, or `$env[0]`
when the file holds a list. Bare words are read by the rules of YAML 1.1: `yes` and `on` are true, `0777` is octal.

Source: Kargo docs `promotion-steps/yaml-parse.md`.
Differs: whole numbers stay whole numbers.
"""

from promotions.files.yaml import read_old_yaml
from promotions.steps.base import Done, Effect, Step, StepContext
from promotions.steps.parsing import OUTPUTS, ParseConfig, run_parse


def run(context: StepContext, config: ParseConfig) -> Done:
    return run_parse(context, config, format_name="YAML", read=read_old_yaml)


STEP = Step("yaml-parse", ParseConfig, run, effect=Effect.WORKSPACE, rerun="Reads again.", outputs=OUTPUTS)
