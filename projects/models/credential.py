"""Credentials for repositories and secrets for expressions, and their tests; the values are stored encrypted."""

from django.db import models

from projects.models.leased_row import LeasedRow
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
    # Texts by key that are no secrets: ids of a GitHub App, a region.
    details = models.JSONField(default=dict, blank=True)
    labels = models.JSONField(default=dict, blank=True)
    annotations = models.JSONField(default=dict, blank=True)
    sealed = models.BinaryField(help_text="Encrypted JSON object of secret texts.")
    set_at = models.DateTimeField(auto_now=True)
    # The last day on which the other side takes it, as its owner says.
    expires_on = models.DateField(null=True, blank=True)
    # Exact to some minutes.
    last_used_at = models.DateTimeField(null=True, blank=True)

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


class CredentialTestPhase(models.TextChoices):
    """Where a test is. Failed: the other side refused, or could not be asked."""

    PENDING = "Pending", "Queued"
    RUNNING = "Running", "Asking"
    PASSED = "Passed", "Works"
    FAILED = "Failed", "Failed"


class CredentialTest(LeasedRow):
    """One try of a credential at its repository, made by a worker."""

    credential = models.ForeignKey(Credential, on_delete=models.CASCADE, related_name="tests")
    repo_url = models.TextField()
    phase = models.CharField(max_length=16, choices=CredentialTestPhase.choices, default=CredentialTestPhase.PENDING)
    # What the other side answered, and what to do about it.
    said = models.TextField(blank=True)
    remedy = models.TextField(blank=True)
    requested_by = models.CharField(max_length=255)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-pk",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(phase__in=CredentialTestPhase.values), name="credential_test_phase_known"
            ),
        )
        indexes = (
            models.Index(fields=("due_at",), name="credential_test_due"),
            models.Index(
                fields=("lease_until",), name="credential_test_leased", condition=models.Q(lease_until__isnull=False)
            ),
        )

    def __str__(self) -> str:
        return f"test {self.pk}"

    @property
    def is_live(self) -> bool:
        """True until it ended."""
        return self.phase in (CredentialTestPhase.PENDING, CredentialTestPhase.RUNNING)
