"""Warehouse and its subscriptions: what is watched, and what the last look found."""

from django.db import models

from projects.models import LeasedRow, Project


class WarehousePhase(models.TextChoices):
    """What a warehouse is doing, or how its last check ended."""

    NEVER_CHECKED = "NeverChecked", "Never checked"
    CHECKING = "Checking", "Checking"
    READY = "Ready", "Ready"
    EMPTY = "Empty", "Nothing found"
    FAILED = "Failed", "Failed"


class Warehouse(LeasedRow):
    """Watches repositories and bundles what it finds as freight."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="warehouses")
    name = models.CharField(max_length=253)
    spec = models.JSONField(help_text="Kargo's Warehouse.spec, defaults filled in.")
    labels = models.JSONField(default=dict, blank=True)
    annotations = models.JSONField(default=dict, blank=True)
    source = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    generation = models.PositiveIntegerField(default=1)
    # The generation that the last finished check looked with.
    observed_generation = models.PositiveIntegerField(default=0)
    phase = models.CharField(max_length=16, choices=WarehousePhase.choices, default=WarehousePhase.NEVER_CHECKED)
    message = models.TextField(blank=True, help_text="Why the last check failed or made no freight.")
    checked_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0, help_text="Failed checks in a row, for the back-off.")
    refresh_requested_at = models.DateTimeField(null=True, blank=True)
    last_freight_name = models.CharField(max_length=40, blank=True)
    # [{"kind", "repo_url", "text"}]: what keeps newer versions from becoming freight, by the join rule.
    waiting = models.JSONField(default=list, blank=True)
    # The set that would become freight once it has not changed for the quiet period, and since when it has not.
    proposed_name = models.CharField(max_length=40, blank=True)
    proposed_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(fields=("project", "name"), name="warehouse_name_once"),
            models.CheckConstraint(condition=models.Q(phase__in=WarehousePhase.values), name="warehouse_phase_known"),
        )
        indexes = (
            models.Index(fields=("due_at",), name="warehouse_due"),
            models.Index(
                fields=("lease_until",), name="warehouse_leased", condition=models.Q(lease_until__isnull=False)
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def origin(self) -> str:
        """The origin key of its freight, as in Kargo: `Warehouse/<name>`."""
        return f"Warehouse/{self.name}"


class SubscriptionKind(models.TextChoices):
    """What kind of artifact a subscription finds."""

    GIT = "git", "Git repository"
    IMAGE = "image", "Container image"
    CHART = "chart", "Helm chart"


class Subscription(models.Model):
    """What the last check of one subscription found; rewritten when the warehouse's spec changes."""

    warehouse = models.ForeignKey(Warehouse, on_delete=models.CASCADE, related_name="subscriptions")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=63, blank=True)
    kind = models.CharField(max_length=8, choices=SubscriptionKind.choices)
    repo_url = models.TextField()
    # [{...}], best first; the keys are those of Kargo's discoveredArtifacts of this kind.
    found = models.JSONField(default=list)
    # [{"version": "...", "reason": "..."}], what was looked at and not taken.
    ignored = models.JSONField(default=list)
    # [["reason", count]], most frequent first: `ignored` in full, of which it keeps the first ones only.
    ignored_by_rule = models.JSONField(default=list, blank=True)
    # Kargo's observedRefs: what the cheap look saw, to save the next fetch.
    observed = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    paused_until = models.DateTimeField(null=True, blank=True, help_text="Until then its host wants no requests.")
    checked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("position",)
        constraints = (
            models.UniqueConstraint(fields=("warehouse", "position"), name="subscription_position_once"),
            models.CheckConstraint(
                condition=models.Q(kind__in=SubscriptionKind.values), name="subscription_kind_known"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.repo_url}"
