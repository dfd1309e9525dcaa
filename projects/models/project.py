"""Project: the unit of tenancy, and its ProjectConfig."""

from django.db import models


class Project(models.Model):
    """A project; its name is what Kargo calls the namespace."""

    name = models.CharField(max_length=253, unique=True)
    description = models.TextField(blank=True)
    labels = models.JSONField(default=dict, blank=True)
    annotations = models.JSONField(default=dict, blank=True)
    source = models.TextField(blank=True, help_text="YAML as last applied, comments kept.")
    created_at = models.DateTimeField(auto_now_add=True)
    # The last number given to a promotion; moved under the row's lock, so numbers have no twins.
    last_promotion_number = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class ProjectConfig(models.Model):
    """Policies, receivers and links of one project, as in Kargo's ProjectConfig."""

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="config")
    spec = models.JSONField(default=dict)
    labels = models.JSONField(default=dict, blank=True)
    annotations = models.JSONField(default=dict, blank=True)
    source = models.TextField(blank=True)
    generation = models.PositiveIntegerField(default=1)

    def __str__(self) -> str:
        return f"config of {self.project_id}"


class ClusterConfig(models.Model):
    """Receivers of the whole site, as in Kargo's ClusterConfig; there is one, named "cluster"."""

    # Always null: manifests of what all projects share are stored in tables of this form.
    project = models.ForeignKey(Project, on_delete=models.CASCADE, null=True, blank=True, editable=False)
    name = models.CharField(max_length=253, unique=True)
    spec = models.JSONField(default=dict)
    labels = models.JSONField(default=dict, blank=True)
    annotations = models.JSONField(default=dict, blank=True)
    source = models.TextField(blank=True)
    generation = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=models.Q(project__isnull=True), name="cluster_config_of_no_project"),
        )

    def __str__(self) -> str:
        return self.name
