"""Preview: what a promotion of some freight to a stage would do, found out without doing it."""

from django.db import models
from django.db.models import Q

from freight.models import Freight
from projects.models import LeasedRow, Project
from promotions.models.stage import Stage


class PreviewPhase(models.TextChoices):
    """Where a preview is. Ready: the steps went as far as they can without effects. Failed: they would fail."""

    PENDING = "Pending", "Queued"
    RUNNING = "Running", "Running"
    READY = "Ready", "Ready"
    FAILED = "Failed", "Failed"


class Preview(LeasedRow):
    """One dry run of the steps of a stage for some freight; evidence of a promotion when it has one."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="previews")
    # Stage and freight may be deleted; what was shown stays under their names.
    stage = models.ForeignKey(Stage, on_delete=models.SET_NULL, null=True, related_name="previews")
    stage_name = models.CharField(max_length=253)
    stage_generation = models.PositiveIntegerField(help_text="Revision of the template that was run.")
    freight = models.ForeignKey(Freight, on_delete=models.SET_NULL, null=True, related_name="previews")
    freight_name = models.CharField(max_length=40)
    freight_alias = models.CharField(max_length=100)
    name = models.CharField(max_length=253, help_text="What the imagined promotion is called; tells no time.")
    requested_by = models.CharField(max_length=255)
    actor_label = models.CharField(max_length=300, blank=True, help_text="Kargo's form; empty for automation.")

    phase = models.CharField(max_length=16, choices=PreviewPhase.choices, default=PreviewPhase.PENDING)
    message = models.TextField(blank=True)
    # Written by previews.result, secrets masked; grows while the preview runs.
    result = models.JSONField(default=dict)
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 over what would be done.")
    # {origin key: name of freight}: what the stage would hold.
    slots = models.JSONField(default=dict)
    # [{"repo_url", "branch", "sha", "skip_tls_verify"}]: remote branches it was made on; sha "": there was none.
    bases = models.JSONField(default=list)
    # Which base has moved since, found by the last check.
    moved = models.TextField(blank=True)
    # Why the last check could not look at the bases.
    check_problem = models.TextField(blank=True)
    tries = models.PositiveSmallIntegerField(default=0, help_text="Workers that began it.")
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-pk",)
        constraints = (
            models.CheckConstraint(condition=Q(phase__in=PreviewPhase.values), name="preview_phase_known"),
            models.UniqueConstraint(
                fields=("stage", "freight", "stage_generation"),
                condition=Q(phase__in=["Pending", "Running"]),
                name="preview_made_once_at_a_time",
            ),
        )
        indexes = (
            models.Index(fields=("due_at",), name="preview_due"),
            models.Index(fields=("lease_until",), name="preview_leased", condition=Q(lease_until__isnull=False)),
            models.Index(fields=("stage", "freight", "-id"), name="preview_of_pair"),
        )

    def __str__(self) -> str:
        return f"preview {self.pk}"

    @property
    def is_live(self) -> bool:
        """True until it ended."""
        return self.phase in (PreviewPhase.PENDING, PreviewPhase.RUNNING)
