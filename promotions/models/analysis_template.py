"""AnalysisTemplate: how to verify a stage; without a project it is a ClusterAnalysisTemplate."""

from django.db import models
from django.db.models import Q

from projects.models import Project


class AnalysisTemplate(models.Model):
    """Metrics to measure after a promotion, in Argo Rollouts' format."""

    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, related_name="analysis_templates", null=True, blank=True
    )
    name = models.CharField(max_length=253)
    spec = models.JSONField()
    labels = models.JSONField(default=dict, blank=True)
    annotations = models.JSONField(default=dict, blank=True)
    source = models.TextField(blank=True)
    generation = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(fields=("project", "name"), name="analysis_name_once_in_project"),
            models.UniqueConstraint(
                fields=("name",), condition=Q(project__isnull=True), name="analysis_name_once_shared"
            ),
        )

    def __str__(self) -> str:
        return self.name
