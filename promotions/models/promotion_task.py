"""PromotionTask: steps that several stages share; without a project it is Kargo's ClusterPromotionTask."""

from django.db import models
from django.db.models import Q

from projects.models import Project


class PromotionTask(models.Model):
    """Reusable steps with variables."""

    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, related_name="promotion_tasks", null=True, blank=True
    )
    name = models.CharField(max_length=253)
    spec = models.JSONField(help_text='{"vars": [{"name", "value"}], "steps": [...]}')
    labels = models.JSONField(default=dict, blank=True)
    annotations = models.JSONField(default=dict, blank=True)
    source = models.TextField(blank=True)
    generation = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(fields=("project", "name"), name="task_name_once_in_project"),
            models.UniqueConstraint(
                fields=("name",), condition=Q(project__isnull=True), name="task_name_once_shared"
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def kind(self) -> str:
        """Kargo's kind."""
        return "PromotionTask" if self.project_id else "ClusterPromotionTask"
