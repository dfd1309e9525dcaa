"""Verification: one check of what a stage holds after a promotion."""

from django.db import models
from django.db.models import Q

from promotions.models.promotion import Promotion
from promotions.models.stage import Stage
from promotions.phases import VERIFICATION_ENDED, VerificationPhase


class Verification(models.Model):
    """One verification of the freight that one promotion left in a stage; the newest counts."""

    stage = models.ForeignKey(Stage, on_delete=models.CASCADE, related_name="verifications")
    promotion = models.ForeignKey(Promotion, on_delete=models.CASCADE, related_name="verifications")
    phase = models.CharField(max_length=16, choices=VerificationPhase.choices)
    message = models.TextField(blank=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-started_at", "-id")
        constraints = (
            models.CheckConstraint(condition=Q(phase__in=VerificationPhase.values), name="verification_phase_known"),
            models.CheckConstraint(
                condition=Q(phase__in=sorted(VERIFICATION_ENDED), finished_at__isnull=False)
                | ~Q(phase__in=sorted(VERIFICATION_ENDED)),
                name="verification_finished_at_the_end",
            ),
        )

    def __str__(self) -> str:
        return f"{self.phase} in {self.stage_id}"
