"""Config maps: named texts for expressions that are no secrets."""

from django.db import models

from projects.models.project import Project


class ConfigMap(models.Model):
    """Texts by key, of a project, or shared by all projects when it has none."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="config_maps", null=True, blank=True)
    name = models.CharField(max_length=253)
    data = models.JSONField(default=dict, blank=True)
    labels = models.JSONField(default=dict, blank=True)
    annotations = models.JSONField(default=dict, blank=True)
    # The manifest it was applied from; empty for what was made or changed on its page.
    source = models.TextField(blank=True)
    set_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(fields=("project", "name"), name="config_map_name_once_in_project"),
            models.UniqueConstraint(
                fields=("name",),
                condition=models.Q(project__isnull=True),
                name="config_map_name_once_shared",
            ),
        )

    def __str__(self) -> str:
        return self.name
