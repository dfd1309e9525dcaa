"""Freight and its artifacts: an immutable set of versions, known by a hash and an alias.

Source: Kargo CRD Freight. The database refuses changes of what was found (trigger `freight_immutable`).
"""

from django.db import models
from django.db.models import Q

from freight.models.warehouse import Warehouse
from projects.models import Project


class Freight(models.Model):
    """One piece of freight. Alias and metadata may change, nothing else."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="freight")
    name = models.CharField(max_length=40, help_text="Kargo's id: SHA-1 over origin and artifacts.")
    alias = models.CharField(max_length=100)
    # The warehouse may be deleted; its freight stays.
    warehouse = models.ForeignKey(Warehouse, on_delete=models.SET_NULL, null=True, related_name="freight")
    warehouse_name = models.CharField(max_length=253)
    discovered_at = models.DateTimeField()
    created_by = models.CharField(max_length=255, help_text="Label of the actor.")
    labels = models.JSONField(default=dict, blank=True)
    annotations = models.JSONField(default=dict, blank=True)
    metadata = models.JSONField(default=dict, blank=True, help_text="Written by the step set-metadata.")
    # Set by whoever stands above, once the stages were told to look at it.
    is_taken_up = models.BooleanField(default=False)

    class Meta:
        ordering = ("-discovered_at", "-name")
        verbose_name_plural = "freight"
        constraints = (
            models.UniqueConstraint(fields=("project", "name"), name="freight_name_once"),
            models.UniqueConstraint(fields=("project", "alias"), name="freight_alias_once"),
        )
        indexes = (
            models.Index(fields=("project", "-discovered_at"), name="freight_newest"),
            models.Index(fields=("project",), name="freight_not_taken_up", condition=Q(is_taken_up=False)),
            models.Index(fields=("warehouse", "-discovered_at"), name="freight_newest_of_origin"),
        )

    def __str__(self) -> str:
        return self.alias

    @property
    def origin(self) -> str:
        """Origin key: `Warehouse/<name>`."""
        return f"Warehouse/{self.warehouse_name}"


class ArtifactKind(models.TextChoices):
    """What an artifact is."""

    COMMIT = "commit", "Commit"
    IMAGE = "image", "Image"
    CHART = "chart", "Chart"
    OTHER = "other", "Other"


class Artifact(models.Model):
    """One version of one thing. Which columns are used depends on the kind."""

    freight = models.ForeignKey(Freight, on_delete=models.CASCADE, related_name="artifacts")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=8, choices=ArtifactKind.choices)
    subscription_name = models.CharField(max_length=63, blank=True)
    repo_url = models.TextField(blank=True, help_text="As written in the subscription.")
    commit_id = models.CharField(max_length=64, blank=True)
    branch = models.CharField(max_length=255, blank=True)
    tag = models.CharField(max_length=255, blank=True, help_text="Git or image tag.")
    message = models.TextField(blank=True, help_text="First line of the commit message.")
    author = models.TextField(blank=True)
    committer = models.TextField(blank=True)
    digest = models.CharField(max_length=160, blank=True)
    annotations = models.JSONField(default=dict, blank=True)
    artifact_type = models.CharField(max_length=255, blank=True)
    chart_name = models.CharField(max_length=255, blank=True)
    version = models.CharField(max_length=255, blank=True, help_text="Chart or other version.")
    metadata = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ("position",)
        constraints = (
            models.UniqueConstraint(fields=("freight", "position"), name="artifact_position_once"),
            models.CheckConstraint(condition=Q(kind__in=ArtifactKind.values), name="artifact_kind_known"),
        )
        # What people search for by its beginning.
        indexes = (
            models.Index(fields=("commit_id",), name="artifact_commit"),
            models.Index(fields=("digest",), name="artifact_digest"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.repo_url} {self.short_version}"

    @property
    def short_version(self) -> str:
        """What a person calls this version: tag, chart version, short SHA or short digest."""
        if self.kind == ArtifactKind.COMMIT:
            return self.tag or self.commit_id[:7]
        return self.tag or self.version or self.digest.removeprefix("sha256:")[:12]
