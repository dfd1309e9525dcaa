"""Credentials for repositories and secrets for expressions; the values are stored encrypted."""

from django.db import models

from projects.models.project import Project


class CredentialKind(models.TextChoices):
    """What the credential opens, as Kargo's label `cred-type`."""

    GIT = "git", "Git"
    IMAGE = "image", "Image registry"
    HELM = "helm", "Helm repository"
    GENERIC = "generic", "Generic secret"


class Credential(models.Model):
    """A named secret of a project, or shared by all projects when it has none."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="credentials", null=True, blank=True)
    name = models.CharField(max_length=253)
    kind = models.CharField(max_length=16, choices=CredentialKind.choices)
    repo_url = models.TextField(blank=True)
    repo_url_is_regex = models.BooleanField(default=False)
    username = models.CharField(max_length=255, blank=True)
    sealed = models.BinaryField(help_text="Encrypted JSON object of secret texts.")
    set_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(fields=("project", "name"), name="credential_name_once_in_project"),
            models.UniqueConstraint(
                fields=("name",),
                condition=models.Q(project__isnull=True),
                name="credential_name_once_shared",
            ),
            models.CheckConstraint(condition=models.Q(kind__in=CredentialKind.values), name="credential_kind_known"),
        )

    def __str__(self) -> str:
        return self.name
