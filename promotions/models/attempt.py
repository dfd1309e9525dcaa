"""Attempt: how a promotion ended before somebody had it go on from one of its steps."""

from django.db import models

from promotions.models.promotion import Promotion
from promotions.phases import TERMINAL


class Attempt(models.Model):
    """An ended attempt, frozen when the next one was asked for. The present attempt is the promotion itself."""

    promotion = models.ForeignKey(Promotion, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField(help_text="Counts from 1.")
    first_step = models.PositiveSmallIntegerField(default=0, help_text="Index of the step it began at.")
    phase = models.CharField(max_length=16)
    message = models.TextField(blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField()
    # [{"index", "alias", "kind", "status", "message", "startedAt", "finishedAt", "errorCount", "tries",
    #   "shownConfig", "shownOutput"}]: masked, times in ISO 8601.
    steps = models.JSONField(default=list)
    # Who had the promotion go on after this attempt, and why.
    retried_by = models.CharField(max_length=255)
    note = models.TextField(blank=True)

    class Meta:
        ordering = ("number",)
        constraints = (
            models.UniqueConstraint(fields=("promotion", "number"), name="attempt_number_once"),
            models.CheckConstraint(condition=models.Q(phase__in=sorted(TERMINAL)), name="attempt_has_ended"),
        )

    def __str__(self) -> str:
        return f"attempt {self.number} of {self.promotion_id}"
