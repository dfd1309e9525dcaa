"""wait-for-approval: pause until enough people approve on the promotion's page; one rejection fails the step.

People answer in the box on the promotion's page. An answer wakes the promotion at once. Without `approvers` every
member of the project may answer. Do not use secrets in this config: everybody who sees the promotion sees it.

Source: Kargo docs `promotion-steps/wait-for-approval.md`.
Differs: who answers is a member of the project with an account; a person may change an answer until the decision.
"""

from typing import Annotated

from pydantic import BeforeValidator, Field

from promotions.steps.approvers import Responder, describe, interval, read_interval, say_rejected
from promotions.steps.base import Done, Effect, Step, StepConfig, StepContext, StepFailed, Waiting, Would
from promotions.steps.capabilities import given
from promotions.steps.people import Question, describe_rules, judge, rejection_of


def _whole(value: object) -> object:
    """Expressions give whole numbers as floats at times; JSON does not tell them apart either."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class Approver(Responder):
    required: bool = Field(False, description="One approval must come from somebody this rule matches.")


class Config(StepConfig):
    approvers: list[Approver] = Field(
        default_factory=list, description="Who may answer, any of these; everybody in the project when empty."
    )
    min_approvals: Annotated[int, BeforeValidator(_whole)] = Field(
        1, ge=1, le=1000, description="How many different people must approve."
    )
    poll_interval: str = interval()


def run(context: StepContext, config: Config) -> Done | Waiting:
    pause = read_interval(config.poll_interval)
    asked = given(context.can.people).ask(context.alias, _question(config))
    output = {"responses": [describe(response) for response in asked.responses]}
    rejection = rejection_of(asked.responses)
    if rejection is not None:
        raise StepFailed(say_rejected(rejection), output=output)
    standing = judge(asked.question, asked.responses)
    if not standing.decision:
        return Waiting(f"waits for approval by {describe_rules(asked.question)}: {standing}", pause, output)
    names = ", ".join(response.user for response in asked.responses)
    context.log(f"Approved by {names}", "info")
    return Done(output, f"approved by {names}")


def would(context: StepContext, config: Config) -> Would:
    """Who will answer what is not known."""
    count = f"{config.min_approvals} approval{'s' if config.min_approvals > 1 else ''}"
    return Would(f"would wait for {count} by {describe_rules(_question(config))}")


def _question(config: Config) -> Question:
    rules = tuple(approver.as_rule(required=approver.required) for approver in config.approvers)
    return Question("approval", rules, config.min_approvals)


STEP = Step(
    "wait-for-approval",
    Config,
    run,
    effect=Effect.OUTSIDE,
    rerun="Goes on waiting; answers given in this attempt stay. A retry asks again.",
    outputs={
        "responses": "Answers in the order given: list of {user, action, time, message}; message if there is one."
    },
    needs=("people",),
    would=would,
)
