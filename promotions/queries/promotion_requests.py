"""What the steps of one promotion ask of people, as the box on its page shows it to one person."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from projects.access import Person, Rights
from promotions.engine import read_asked
from promotions.input_fields import InputField, list_fields
from promotions.models import Promotion, RequestKind, StepRequest, StepResponse
from promotions.responses import explain_refusal
from promotions.steps.people import describe_rules, judge


@dataclass(frozen=True, slots=True)
class Sent:
    """What somebody sent that could not be taken: it is shown again, with what is wrong."""

    request_id: int
    typed: Mapping[str, str] = field(default_factory=dict)
    message: str = ""
    # Errors of the form's own fields, of the values asked for, and of all together.
    errors: Mapping[str, str] = field(default_factory=dict)
    value_errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ResponseRow:
    """One answer that was given."""

    name: str
    action: str
    message: str
    at: datetime
    is_own: bool


@dataclass(frozen=True, slots=True)
class RequestBox:
    """One open request. `why_not`: why this person may not answer; empty when they may."""

    pk: int
    alias: str
    is_input: bool
    display: str
    asked_at: datetime
    # "1 of 2 approvals; still needs one by role owner".
    standing: str
    who: str
    why_not: str
    responses: tuple[ResponseRow, ...]
    own_action: str
    fields: tuple[InputField, ...] = ()
    message: str = ""
    message_error: str = ""
    error: str = ""
    # Drawn with what somebody sent and has to mend: it must not be swapped away.
    is_held: bool = False


@dataclass(frozen=True, slots=True)
class RequestPart:
    """All that is asked now, and what was decided in this attempt."""

    promotion_number: int
    boxes: tuple[RequestBox, ...]
    decided: tuple[str, ...]

    @property
    def version(self) -> str:
        """Changes with what is asked and answered, not with what this person is typing."""
        facts = [(box.pk, box.why_not, box.standing, box.responses) for box in self.boxes]
        return hashlib.sha256(repr((facts, self.decided)).encode()).hexdigest()[:16]

    @property
    def announcement(self) -> str:
        """Said to screen readers when it changes."""
        waiting = [box.alias for box in self.boxes if not box.why_not]
        return f"Needs you: {', '.join(waiting)}" if waiting else ""


def read_requests(promotion: Promotion, user: Person, rights: Rights, *, sent: Sent | None = None) -> RequestPart:
    """The open requests of a promotion; `sent` is drawn into the one that it was sent to."""
    rows = (
        list(StepRequest.objects.open().filter(promotion=promotion).prefetch_related("responses"))
        if promotion.is_live
        else []
    )
    ended = StepRequest.objects.filter(promotion=promotion, ended_at__isnull=False, attempt=promotion.attempt)
    return RequestPart(
        promotion_number=promotion.number,
        boxes=tuple(_read_box(row, promotion, user, rights, sent) for row in rows),
        decided=tuple(_say_decided(row) for row in ended.prefetch_related("responses")),
    )


def _read_box(row: StepRequest, promotion: Promotion, user: Person, rights: Rights, sent: Sent | None) -> RequestBox:
    asked = read_asked(row)
    is_input = row.kind == RequestKind.INPUT
    answers = list(row.responses.all())
    own = next((answer for answer in answers if answer.user_id == user.pk), None)
    mine = sent if sent is not None and sent.request_id == row.pk else None
    refusal = explain_refusal(asked.question, user, rights, promotion.stage_name)
    drawn = list_fields(
        asked.question.schema or {},
        typed=mine.typed if mine else None,
        errors=mine.value_errors if mine else None,
    )
    return RequestBox(
        pk=row.pk,
        alias=row.alias,
        is_input=is_input,
        display=row.display,
        asked_at=row.created_at,
        standing="" if is_input else str(judge(asked.question, asked.responses)),
        who=describe_rules(asked.question),
        why_not=refusal,
        responses=tuple(_read_response(answer, user) for answer in answers),
        own_action=own.get_action_display() if own else "",
        fields=drawn if is_input else (),
        message=mine.message if mine else "",
        message_error=mine.errors.get("message", "") if mine else "",
        error=mine.value_errors.get("", "") if mine else "",
        is_held=mine is not None,
    )


def _read_response(row: StepResponse, user: Person) -> ResponseRow:
    return ResponseRow(row.user_name, row.get_action_display(), row.message, row.at, row.user_id == user.pk)


def _say_decided(row: StepRequest) -> str:
    names = ", ".join(answer.user_name for answer in row.responses.all())
    word = "answered" if row.kind == RequestKind.INPUT and row.outcome == "approved" else row.outcome
    return f"{row.alias}: {word} by {names}"
