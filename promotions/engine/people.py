"""What a running step asks of people: one request a step and attempt, frozen when it is asked first."""

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from projects.notices import announce
from promotions.engine.masking import Masker
from promotions.models import Promotion, RequestKind, StepRequest
from promotions.steps.base import PassBroken
from promotions.steps.people import Asked, Question, Response, Rule


class PromotionPeople:
    """The people around one promotion, as its steps may ask them."""

    def __init__(self, promotion: Promotion, masker: Masker) -> None:
        self._promotion, self._masker = promotion, masker

    def ask(self, alias: str, question: Question) -> Asked:
        """Ask for the step of this alias, once for each attempt; asking again gives the answers so far."""
        try:
            return read_asked(self._find_or_create(alias, question))
        except (InterfaceError, OperationalError) as error:
            raise PassBroken from error

    def _find_or_create(self, alias: str, question: Question) -> StepRequest:
        now = timezone.now()
        with transaction.atomic():
            request, is_new = StepRequest.objects.get_or_create(
                promotion=self._promotion,
                alias=alias,
                attempt=self._promotion.attempt,
                defaults={
                    "kind": RequestKind(question.kind),
                    "rule": {
                        "approvers": [self._masker.value(rule.to_json()) for rule in question.rules],
                        "minApprovals": question.min_approvals,
                    },
                    # A secret that was put in by mistake is not shown to everybody who sees the promotion.
                    "schema": self._masker.value(question.schema) if question.schema is not None else None,
                    "display": self._masker.text(question.display),
                    "created_at": now,
                },
            )
            if is_new:
                announce(self._promotion.project, f"promotion:{self._promotion.number}", "approval", now=now)
        return request


def read_asked(request: StepRequest) -> Asked:
    """The request and its responses as steps and pages judge them."""
    question = Question(
        kind="input" if request.kind == RequestKind.INPUT else "approval",
        rules=tuple(Rule(**rule) for rule in request.rule["approvers"]),
        min_approvals=request.rule["minApprovals"],
        schema=request.schema,
        display=request.display,
    )
    responses = tuple(
        Response(
            user=row.user_label,
            action="approve" if row.action == "approve" else "reject",
            at=row.at,
            message=row.message,
            values=row.values,
            matched=tuple(row.matched),
        )
        for row in request.responses.all()
    )
    return Asked(question, responses)
