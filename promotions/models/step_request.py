"""What a running step asks of people, what they answered, and what a step wrote down once.

A request ends with the response that decides it. One that nobody answered stays as it is when its promotion ends;
`open()` is what somebody can still answer.
"""

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef

from promotions.models.promotion import Promotion, StepRun
from promotions.phases import Phase, StepStatus


class RequestKind(models.TextChoices):
    """What is asked for."""

    APPROVAL = "approval", "Approval"
    INPUT = "input", "Input"


class RequestOutcome(models.TextChoices):
    """How it was decided."""

    NONE = "", "Open"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"


class StepRequestQuerySet(models.QuerySet["StepRequest"]):
    """Requests of steps."""

    def open(self) -> "StepRequestQuerySet":
        """Those that a step waits for at this moment."""
        waiting = StepRun.objects.filter(
            promotion=OuterRef("promotion"), alias=OuterRef("alias"), status=StepStatus.RUNNING
        )
        return self.filter(
            Exists(waiting),
            ended_at__isnull=True,
            attempt=F("promotion__attempt"),
            promotion__phase=Phase.RUNNING,
            promotion__abort_requested_at__isnull=True,
        )


class StepRequest(models.Model):
    """One question of one step in one attempt; frozen when it is asked first."""

    promotion = models.ForeignKey(Promotion, on_delete=models.CASCADE, related_name="step_requests")
    alias = models.CharField(max_length=300)
    attempt = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=16, choices=RequestKind.choices)
    # {"approvers": [{"claim", "value"} | {"role"}, each with "required"], "minApprovals": n}
    rule = models.JSONField()
    # JSON schema of the values to give; null for an approval.
    schema = models.JSONField(null=True, blank=True)
    display = models.TextField(blank=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=16, choices=RequestOutcome.choices, blank=True, default="")

    objects = StepRequestQuerySet.as_manager()

    class Meta:
        ordering = ("created_at", "id")
        constraints = (
            models.UniqueConstraint(fields=("promotion", "alias", "attempt"), name="step_request_once"),
            models.CheckConstraint(condition=models.Q(kind__in=RequestKind.values), name="step_request_kind_known"),
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True, outcome="")
                | models.Q(ended_at__isnull=False, outcome__in=("approved", "rejected")),
                name="step_request_ends_with_outcome",
            ),
        )
        indexes = (models.Index(fields=("created_at",), condition=models.Q(outcome=""), name="step_request_open"),)

    def __str__(self) -> str:
        return f"{self.kind} for {self.alias} of {self.promotion_id}"


class StepResponse(models.Model):
    """What one person answered; answering again before the decision replaces it."""

    request = models.ForeignKey(StepRequest, on_delete=models.CASCADE, related_name="responses")
    # The account may be deleted; what the person decided stays under their name.
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True)
    user_label = models.CharField(max_length=300, help_text="E-mail address, or user name without one.")
    user_name = models.CharField(max_length=255)
    action = models.CharField(max_length=8, choices=(("approve", "Approve"), ("reject", "Reject")))
    message = models.TextField(blank=True)
    values = models.JSONField(null=True, blank=True)
    # Indexes of the approver rules that let this person answer, as it was then.
    matched = models.JSONField(default=list)
    at = models.DateTimeField()

    class Meta:
        ordering = ("at", "id")
        constraints = (
            models.UniqueConstraint(fields=("request", "user"), name="step_response_once_a_person"),
            models.CheckConstraint(
                condition=models.Q(action__in=("approve", "reject")), name="step_response_action_known"
            ),
        )

    def __str__(self) -> str:
        return f"{self.action} by {self.user_name}"


class StepEvent(models.Model):
    """Marks that a step has recorded its event: however often it runs, there is one."""

    promotion = models.ForeignKey(Promotion, on_delete=models.CASCADE, related_name="step_events")
    alias = models.CharField(max_length=300)
    at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("promotion", "alias"), name="step_event_once"),)

    def __str__(self) -> str:
        return f"{self.alias} of {self.promotion_id}"
