"""AutoPromotionHold: what a person chose for a slot stays, until somebody resumes auto-promotion.

Source: Kargo API types, AutoPromotionHold; Kargo code, stage controller.
Differs: a hold can be set by hand, with a reason and an end.
"""

from django.db import models

from promotions.models.promotion import Promotion
from promotions.models.stage import Stage


class AutoPromotionHold(models.Model):
    """Auto-promotion leaves one slot (origin) of a stage alone."""

    stage = models.ForeignKey(Stage, on_delete=models.CASCADE, related_name="holds")
    origin = models.CharField(max_length=264)
    freight_name = models.CharField(max_length=40, blank=True, help_text="What was chosen; empty if set by hand.")
    promotion = models.ForeignKey(Promotion, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    actor_name = models.CharField(max_length=255)
    reason = models.TextField(blank=True)
    created_at = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("origin",)
        constraints = (models.UniqueConstraint(fields=("stage", "origin"), name="slot_held_once"),)

    def __str__(self) -> str:
        return f"{self.origin} of {self.stage_id}"
