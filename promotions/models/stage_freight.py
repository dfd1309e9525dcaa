"""What is, was and may be in a stage: occupancy history, verification and approval marks.

Source: Kargo CRD Freight status (currentlyIn, verifiedIn, approvedFor); kept for ever here.
"""

from django.db import models
from django.db.models import Q

from freight.models import Freight
from promotions.models.promotion import Promotion
from promotions.models.stage import Stage


class Occupancy(models.Model):
    """Freight was in one slot (origin) of a stage from `since` to `until`; open while it is there."""

    stage = models.ForeignKey(Stage, on_delete=models.CASCADE, related_name="occupancies")
    origin = models.CharField(max_length=264)
    freight = models.ForeignKey(Freight, on_delete=models.RESTRICT, related_name="occupancies")
    promotion = models.ForeignKey(Promotion, on_delete=models.SET_NULL, null=True, related_name="occupancies")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-since", "-id")
        verbose_name_plural = "occupancies"
        constraints = (
            models.UniqueConstraint(
                fields=("stage", "origin"), condition=Q(until__isnull=True), name="slot_holds_one_freight"
            ),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=models.F("since")),
                name="occupancy_ends_after_it_starts",
            ),
        )
        indexes = (models.Index(fields=("freight", "until"), name="occupancy_of_freight"),)

    def __str__(self) -> str:
        return f"{self.freight_id} in {self.stage_id}"


class FreightVerification(models.Model):
    """Freight passed a stage's verification (Kargo's verifiedIn); the first time counts."""

    stage = models.ForeignKey(Stage, on_delete=models.CASCADE, related_name="verified_freight")
    freight = models.ForeignKey(Freight, on_delete=models.CASCADE, related_name="verifications")
    verified_at = models.DateTimeField()
    # The longest finished stay; the present stay is counted from its occupancy.
    longest_soak = models.DurationField(null=True, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("stage", "freight"), name="freight_verified_once_in_stage"),)

    def __str__(self) -> str:
        return f"{self.freight_id} verified in {self.stage_id}"


class FreightApproval(models.Model):
    """Freight may enter a stage whatever its upstream says (Kargo's approvedFor); shown as Bypass."""

    stage = models.ForeignKey(Stage, on_delete=models.CASCADE, related_name="approved_freight")
    freight = models.ForeignKey(Freight, on_delete=models.CASCADE, related_name="approvals")
    approved_at = models.DateTimeField()
    approved_by = models.CharField(max_length=255)
    reason = models.TextField(blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("stage", "freight"), name="freight_approved_once_for_stage"),)

    def __str__(self) -> str:
        return f"{self.freight_id} approved for {self.stage_id}"
