"""What steps ask of people, what these answer, and when an answer is enough. Pure; the page uses the same rules.

Source: Kargo docs `promotion-steps/wait-for-approval.md`, `get-user-input.md`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

Kind = Literal["approval", "input"]


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may answer: people with a role, or those of whom a claim has a value. `required`: one of them must."""

    role: str = ""
    claim: str = ""
    value: str = ""
    required: bool = False

    def __str__(self) -> str:
        return f"role {self.role}" if self.role else f"{self.claim} {self.value}"

    def to_json(self) -> dict[str, Any]:
        return {"role": self.role, "claim": self.claim, "value": self.value, "required": self.required}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for. `schema` is the JSON schema of the values, for an input only. No rules: any member."""

    kind: Kind
    rules: tuple[Rule, ...] = ()
    min_approvals: int = 1
    schema: Mapping[str, Any] | None = None
    display: str = ""


@dataclass(frozen=True, slots=True)
class Response:
    """What one person answered; `matched` are the positions of the rules that let them."""

    user: str
    action: Literal["approve", "reject"]
    at: datetime
    message: str = ""
    values: Mapping[str, Any] | None = None
    matched: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """The question as it was asked first, and the answers so far, the oldest first."""

    question: Question
    responses: tuple[Response, ...] = ()


class PeopleAccess(Protocol):
    """Asks the people of the project; the engine wakes the promotion when somebody answers."""

    def ask(self, alias: str, question: Question) -> Asked:
        """Ask for the step of this alias, once for each attempt; asking again gives the answers so far."""
        ...


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a question is. `lacking` are required rules without an approval."""

    decision: Literal["", "approved", "rejected"]
    approvals: int
    needed: int
    lacking: tuple[Rule, ...] = ()

    def __str__(self) -> str:
        text = f"{self.approvals} of {self.needed} approvals"
        if not self.lacking:
            return text
        return f"{text}; still needs one by {' and one by '.join(str(rule) for rule in self.lacking)}"


def judge(question: Question, responses: Sequence[Response]) -> Standing:
    """One rejection decides; else enough different people, and one for each required rule."""
    approvals = [response for response in responses if response.action == "approve"]
    count = len({response.user for response in approvals})
    given = {index for response in approvals for index in response.matched}
    lacking = tuple(r for index, r in enumerate(question.rules) if r.required and index not in given)
    if any(response.action == "reject" for response in responses):
        return Standing("rejected", count, question.min_approvals, lacking)
    is_enough = count >= question.min_approvals and not lacking
    return Standing("approved" if is_enough else "", count, question.min_approvals, lacking)


def describe_rules(question: Question) -> str:
    """Who may answer, in words."""
    return " or ".join(str(rule) for rule in question.rules) or "any member of the project"


def rejection_of(responses: Sequence[Response]) -> Response | None:
    """The response that rejected, if there is one."""
    return next((response for response in responses if response.action == "reject"), None)
