"""Promotion and its step runs: one run of a stage's steps for one piece of freight.

Everything the run needs is frozen on the row when it is made: steps, variables, template revision.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q

from freight.models import Freight
from projects.models import LeasedRow, Project
from promotions.models.stage import Stage
from promotions.phases import LIVE, TERMINAL, Phase, StepStatus


class HoldEffect(models.TextChoices):
    """What the end of a promotion does to auto-promotion of its origin (Kargo's two annotations)."""

    NONE = "", "None"
    HOLD = "hold", "Holds"
    RESUME = "resume", "Resumes"


class Promotion(LeasedRow):
    """One promotion."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="promotions")
    number = models.PositiveIntegerField(help_text="Short number, counted per project.")
    name = models.CharField(max_length=253, help_text="Kargo's name: <stage>.<ulid>.<freight>.")
    # The stage and the freight may be deleted; the record stays under their names.
    stage = models.ForeignKey(Stage, on_delete=models.SET_NULL, null=True, related_name="promotions")
    stage_name = models.CharField(max_length=253)
    stage_generation = models.PositiveIntegerField(help_text="Revision of the template that was planned.")
    freight = models.ForeignKey(Freight, on_delete=models.SET_NULL, null=True, related_name="promotions")
    freight_name = models.CharField(max_length=40)
    freight_alias = models.CharField(max_length=100)
    origin = models.CharField(max_length=264)

    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True)
    actor_label = models.CharField(max_length=300, help_text="Kargo's create-actor; empty if automatic.")
    actor_name = models.CharField(max_length=255)
    note = models.TextField(blank=True)
    is_rollback = models.BooleanField(default=False)
    hold_effect = models.CharField(max_length=8, choices=HoldEffect.choices, blank=True, default="")
    # Given by the form: a second click finds the first promotion instead of making another.
    idempotency_key = models.CharField(max_length=64, null=True, blank=True)  # noqa: DJ001 (null = none given)

    # What was shown of it before it was asked for.
    preview = models.ForeignKey(
        "promotions.Preview", on_delete=models.SET_NULL, null=True, blank=True, related_name="promotions"
    )

    # [{"name", "value"}]: stage variables, then template variables.
    vars = models.JSONField(default=list)
    # [{"uses", "as", "if"?, "continueOnError"?, "retry"?, "vars"?, "config"?}]: tasks already inflated.
    steps = models.JSONField(default=list)
    # {alias: output}, encrypted, for outputs may hold secrets; pages show StepRun.shown_output.
    sealed_state = models.BinaryField(default=bytes)
    # {origin key: freight reference}: what the stage holds when this succeeds.
    collection = models.JSONField(default=dict)
    # [{"uses", "config"}]: registered by steps that succeeded.
    health_checks = models.JSONField(default=list)

    phase = models.CharField(max_length=16, choices=Phase.choices, default=Phase.PENDING)
    message = models.TextField(blank=True)
    # Place among those that wait for the stage; null: by number, as it came.
    queue_place = models.PositiveIntegerField(null=True, blank=True)
    attempt = models.PositiveSmallIntegerField(default=1, help_text="Counts the retries, from 1.")
    # Index of the step that the present attempt began at.
    first_step = models.PositiveSmallIntegerField(default=0)
    current_step = models.PositiveSmallIntegerField(default=0)
    retry_round = models.PositiveSmallIntegerField(default=0, help_text="Waits after errors, for the back-off.")
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    # Set when the stage has taken note of the end (occupancy, verification, queue).
    recorded_at = models.DateTimeField(null=True, blank=True)
    abort_requested_at = models.DateTimeField(null=True, blank=True)
    abort_requested_by = models.CharField(max_length=255, blank=True)
    # The stored work tree that belongs to the steps finished so far (engine.snapshots); empty: none.
    snapshot = models.CharField(max_length=200, blank=True, default="")
    # A promotion that failed keeps its work tree for a retry; set when it was removed.
    work_tree_removed_at = models.DateTimeField(null=True, blank=True)
    log_line_count = models.PositiveIntegerField(default=0)
    # Moves with each change that a page shows; pages ask for parts by it.
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ("-number",)
        constraints = (
            models.UniqueConstraint(fields=("project", "number"), name="promotion_number_once"),
            models.UniqueConstraint(fields=("project", "name"), name="promotion_name_once"),
            models.UniqueConstraint(
                fields=("stage",), condition=Q(phase=Phase.RUNNING), name="promotion_one_running_per_stage"
            ),
            models.UniqueConstraint(
                fields=("project", "idempotency_key"),
                condition=Q(idempotency_key__isnull=False),
                name="promotion_asked_once",
            ),
            models.CheckConstraint(condition=Q(phase__in=Phase.values), name="promotion_phase_known"),
            models.CheckConstraint(
                condition=Q(phase__in=sorted(LIVE), finished_at__isnull=True)
                | Q(phase__in=sorted(TERMINAL), finished_at__isnull=False),
                name="promotion_finished_at_the_end",
            ),
        )
        indexes = (
            models.Index(fields=("due_at",), name="promotion_due"),
            models.Index(fields=("lease_until",), name="promotion_leased", condition=Q(lease_until__isnull=False)),
            # What a stage holds is the newest success it took note of.
            models.Index(
                fields=("stage", "-recorded_at", "-number"), name="promotion_held", condition=Q(phase=Phase.SUCCEEDED)
            ),
            models.Index(fields=("stage", "phase"), name="promotion_queue"),
        )

    def __str__(self) -> str:
        return f"#{self.number}"

    @property
    def is_live(self) -> bool:
        """True until it ended."""
        return self.phase in LIVE


class StepRun(models.Model):
    """How one planned step went."""

    promotion = models.ForeignKey(Promotion, on_delete=models.CASCADE, related_name="step_runs")
    index = models.PositiveSmallIntegerField()
    alias = models.CharField(max_length=300)
    kind = models.CharField(max_length=100, help_text="`uses` of the step.")
    continue_on_error = models.BooleanField(default=False)
    status = models.CharField(max_length=16, choices=StepStatus.choices, blank=True, default="")
    message = models.TextField(blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    error_count = models.PositiveSmallIntegerField(default=0)
    tries = models.PositiveIntegerField(default=0, help_text="How often it was run, polls included.")
    # True while a worker is inside it. Found true by another worker, the first one died there.
    is_in_flight = models.BooleanField(default=False)
    deaths = models.PositiveSmallIntegerField(default=0, help_text="Workers that died inside it.")
    # Evaluated config and output with every secret masked, for the page.
    shown_config = models.JSONField(null=True, blank=True)
    shown_output = models.JSONField(null=True, blank=True)

    class Meta:
        ordering = ("index",)
        constraints = (
            models.UniqueConstraint(fields=("promotion", "index"), name="step_run_index_once"),
            models.UniqueConstraint(fields=("promotion", "alias"), name="step_run_alias_once"),
            models.CheckConstraint(condition=Q(status__in=StepStatus.values), name="step_run_status_known"),
        )

    def __str__(self) -> str:
        return f"{self.alias} of {self.promotion_id}"

    @property
    def is_finished(self) -> bool:
        """True when the engine never runs it again by itself."""
        return self.status not in (StepStatus.NOT_REACHED, StepStatus.RUNNING)


class LogBatch(models.Model):
    """Some consecutive lines of a promotion's log; numbers count from 1 without gaps."""

    promotion = models.ForeignKey(Promotion, on_delete=models.CASCADE, related_name="log_batches")
    step_index = models.PositiveSmallIntegerField()
    first_line = models.PositiveIntegerField()
    last_line = models.PositiveIntegerField()
    # [[stream, text]]: stream is "out", "err" or "info"; secrets are masked before they come here.
    lines = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        ordering = ("first_line",)
        constraints = (
            models.UniqueConstraint(fields=("promotion", "first_line"), name="log_batch_starts_once"),
            models.CheckConstraint(condition=Q(last_line__gte=models.F("first_line")), name="log_batch_not_empty"),
        )

    def __str__(self) -> str:
        return f"lines {self.first_line}-{self.last_line} of {self.promotion_id}"
