"""get-user-input: pause until somebody fills in a form on the promotion's page; rejecting it fails the step.

The form is made from the JSON schema: texts, numbers, choices (`enum`), yes or no; anything else is typed as JSON. Do
not use secrets in this config, nor ask for them: everybody who sees the promotion sees both.

Source: Kargo docs `promotion-steps/get-user-input.md`.
Differs: whoever may answer may also reject, which fails the step. Patterns are regular expressions of RE2; references
lead nowhere outside of the schema.
"""

from typing import Any

from pydantic import Field

from promotions.steps.approvers import Responder, interval, read_interval, say_rejected
from promotions.steps.base import Done, Effect, Step, StepConfig, StepContext, StepFailed, Waiting, Would
from promotions.steps.capabilities import given
from promotions.steps.input_schema import find_schema_fault
from promotions.steps.people import Question, describe_rules, rejection_of


class Config(StepConfig):
    # The base of all models has a method of this name, so the field has another one.
    value_schema: dict[str, Any] = Field(alias="schema", description="JSON schema of the values; type: object.")
    responders: list[Responder] = Field(
        default_factory=list, description="Who may answer, any of these; everybody in the project when empty."
    )
    display: str = Field("", description="Text above the form.")
    poll_interval: str = interval()


def run(context: StepContext, config: Config) -> Done | Waiting:
    pause = read_interval(config.poll_interval)
    _check(config)
    asked = given(context.can.people).ask(context.alias, _question(config))
    rejection = rejection_of(asked.responses)
    if rejection is not None:
        raise StepFailed(say_rejected(rejection))
    if not asked.responses:
        return Waiting(f"waits for input by {describe_rules(asked.question)}", pause)
    answer = asked.responses[0]
    context.log(f"{answer.user} gave {', '.join(sorted(answer.values or {})) or 'no values'}", "info")
    output = {
        "values": dict(answer.values or {}),
        "respondedBy": answer.user,
        "respondedAt": answer.at.isoformat(timespec="seconds"),
    }
    return Done(output, f"answered by {answer.user}")


def would(context: StepContext, config: Config) -> Would:
    """What will be answered is not known."""
    _check(config)
    return Would(f"would wait for input by {describe_rules(_question(config))}")


def _check(config: Config) -> None:
    if fault := find_schema_fault(config.value_schema):
        raise StepFailed(f"invalid get-user-input config: schema: {fault}")


def _question(config: Config) -> Question:
    rules = tuple(responder.as_rule() for responder in config.responders)
    return Question("input", rules, schema=config.value_schema, display=config.display)


STEP = Step(
    "get-user-input",
    Config,
    run,
    effect=Effect.OUTSIDE,
    rerun="Goes on waiting; an answer given in this attempt stays. A retry asks again.",
    outputs={
        "values": "What was given, as the schema has it.",
        "respondedBy": "Who gave it.",
        "respondedAt": "When, in RFC 3339.",
    },
    needs=("people",),
    would=would,
)
