"""RuleTrial: one look at a repository by a rule that somebody tries before it is saved."""

from django.db import models

from freight.models.warehouse import Warehouse
from projects.models import LeasedRow


class TrialPhase(models.TextChoices):
    """Where a trial is. Failed: the repository or the rule could not be used."""

    PENDING = "Pending", "Queued"
    RUNNING = "Running", "Looking"
    READY = "Ready", "Done"
    FAILED = "Failed", "Failed"


class RuleTrial(LeasedRow):
    """What a subscription would find. Nothing of it reaches the warehouse; it is forgotten after a day."""

    warehouse = models.ForeignKey(Warehouse, on_delete=models.CASCADE, related_name="trials")
    position = models.PositiveSmallIntegerField()
    # One entry of `spec.subscriptions`, defaults filled in, and the text it was read from.
    subscription = models.JSONField()
    text = models.TextField()
    requested_by = models.CharField(max_length=255)
    phase = models.CharField(max_length=16, choices=TrialPhase.choices, default=TrialPhase.PENDING)
    # As in Subscription.
    found = models.JSONField(default=list)
    ignored = models.JSONField(default=list)
    ignored_by_rule = models.JSONField(default=list)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-pk",)
        constraints = (
            models.CheckConstraint(condition=models.Q(phase__in=TrialPhase.values), name="rule_trial_phase_known"),
        )
        indexes = (
            models.Index(fields=("due_at",), name="rule_trial_due"),
            models.Index(
                fields=("lease_until",), name="rule_trial_leased", condition=models.Q(lease_until__isnull=False)
            ),
        )

    def __str__(self) -> str:
        return f"trial {self.pk}"

    @property
    def is_live(self) -> bool:
        """True until it ended."""
        return self.phase in (TrialPhase.PENDING, TrialPhase.RUNNING)
