"""Answering what a step asks: who may, what is accepted, and when it is decided.

The answer that decides ends the request in its own transaction, so nothing that comes later can turn it. The step
judges by the same rules when the promotion wakes, which is at once.
Source: Kargo docs `promotion-steps/wait-for-approval.md`, `get-user-input.md`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F

from projects import audit
from projects.access import Action, Person, Rights
from projects.actors import Actor
from projects.errors import DomainError, PermissionRefused
from projects.notices import announce
from projects.wakeup import wake
from promotions.engine import read_asked
from promotions.errors import AnswerRefused
from promotions.models import Promotion, RequestKind, StepRequest, StepResponse
from promotions.steps.input_schema import list_input_errors
from promotions.steps.people import Question, Rule, describe_rules, judge

_LONGEST_MESSAGE = 2000
# Role -> a right that this role has and lower ones lack.
_RIGHT_OF = {
    "viewer": Action.VIEW,
    "promoter": Action.PROMOTE,
    "approver": Action.VOTE,
    "maintainer": Action.EDIT,
    "owner": Action.CONFIGURE,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person answers; `values` for an input that is not rejected."""

    action: Literal["approve", "reject"]
    message: str = ""
    values: Mapping[str, Any] | None = None


def list_matches(question: Question, user: Person, rights: Rights, stage: str) -> tuple[int, ...]:
    """Positions of the rules that let this person answer."""
    return tuple(index for index, rule in enumerate(question.rules) if _matches(rule, user, rights, stage))


def explain_refusal(question: Question, user: Person, rights: Rights, stage: str) -> str:
    """Why this person may not answer, and who can; empty when they may."""
    if not rights.is_member:
        return "You are not a member of this project; only members answer what its steps ask."
    if not question.rules or list_matches(question, user, rights, stage):
        return ""
    return f"Only {describe_rules(question)} can answer this."


def respond(
    actor: Actor, user: User, request: StepRequest, answer: Answer, *, rights: Rights, now: datetime
) -> StepRequest:
    """Record an answer, end the request if it decides, and wake the promotion.

    Raises PermissionRefused, DomainError when nothing is asked any more, AnswerRefused when the answer is incomplete.
    """
    promotion = request.promotion
    question = read_asked(request).question
    if refusal := explain_refusal(question, user, rights, promotion.stage_name):
        raise PermissionRefused(refusal)
    _check(question, answer)
    with transaction.atomic():
        # The promotion first, as everywhere; two people who answer at once go one after the other.
        Promotion.objects.select_for_update().get(pk=promotion.pk)
        if not StepRequest.objects.open().filter(pk=request.pk).exists():
            raise DomainError(_say_too_late(request))
        values = dict(answer.values or {}) if _wants_values(question, answer) else None
        StepResponse.objects.update_or_create(
            request=request,
            user=user,
            defaults={
                "user_label": (user.email or user.get_username())[:300],
                "user_name": actor.name[:255],
                "action": answer.action,
                "message": answer.message.strip(),
                "values": values,
                "matched": list(list_matches(question, user, rights, promotion.stage_name)),
                "at": now,
            },
        )
        _decide(request, now)
        _tell(actor, request, answer, now)
    request.refresh_from_db()
    return request


def _matches(rule: Rule, user: Person, rights: Rights, stage: str) -> bool:
    if not rights.is_member or not isinstance(user, User):
        return False
    if rule.role:
        return rights.allows(_RIGHT_OF[rule.role], stage)
    if rule.claim == "groups":
        return user.groups.filter(name=rule.value).exists()
    if rule.claim == "email":
        return bool(user.email) and user.email.casefold() == rule.value.casefold()
    return user.get_username() == rule.value


def _wants_values(question: Question, answer: Answer) -> bool:
    return question.kind == "input" and answer.action == "approve"


def _check(question: Question, answer: Answer) -> None:
    """Raises AnswerRefused with everything that is wrong, by field."""
    wrong: dict[str, str] = {}
    if len(answer.message) > _LONGEST_MESSAGE:
        wrong["message"] = f"Write at most {_LONGEST_MESSAGE} characters."
    if answer.action == "reject" and not answer.message.strip():
        wrong["message"] = "Say why: a rejection ends the promotion, and people will want to know."
    values: dict[str, str] = {}
    if _wants_values(question, answer):
        for error in list_input_errors(question.schema or {}, answer.values or {}):
            values.setdefault(error.field, error.message)
    if wrong or values:
        raise AnswerRefused(wrong, values)


def _decide(request: StepRequest, now: datetime) -> None:
    asked = read_asked(StepRequest.objects.get(pk=request.pk))
    decision = judge(asked.question, asked.responses).decision
    if decision:
        StepRequest.objects.filter(pk=request.pk).update(ended_at=now, outcome=decision)


def _tell(actor: Actor, request: StepRequest, answer: Answer, now: datetime) -> None:
    promotion = request.promotion
    given = "answered" if request.kind == RequestKind.INPUT else "approved"
    facts: dict[str, Any] = {"promotion": promotion.number, "stage": promotion.stage_name}
    if answer.values and answer.action == "approve":
        facts["values"] = dict(answer.values)
    audit.record(
        actor,
        given if answer.action == "approve" else "rejected",
        project=promotion.project,
        target_kind="step",
        target_name=f"#{promotion.number} {request.alias}"[:300],
        facts=facts,
        reason=answer.message.strip(),
        at=now,
    )
    Promotion.objects.filter(pk=promotion.pk).update(due_at=now, version=F("version") + 1)
    announce(promotion.project, f"promotion:{promotion.number}", "approval", now=now)
    wake("promotions.run_pass", promotion.pk)


def _say_too_late(request: StepRequest) -> str:
    fresh = StepRequest.objects.get(pk=request.pk)
    deciding = fresh.responses.order_by("at").last()
    if fresh.ended_at is not None and deciding is not None:
        return f'Step "{fresh.alias}" was {fresh.get_outcome_display().lower()} meanwhile by {deciding.user_name}.'
    return f'Step "{fresh.alias}" of promotion #{fresh.promotion.number} does not wait for an answer any more.'
