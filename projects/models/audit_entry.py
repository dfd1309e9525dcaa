"""The audit log: who did what, when, from where. Rows are only ever added."""

from django.conf import settings
from django.db import models

from projects.models.project import Project


class AuditEntry(models.Model):
    """One deed, written in the transaction that did it."""

    # The project may be deleted; what was done in it stays on record under its name.
    project = models.ForeignKey(Project, on_delete=models.SET_NULL, null=True, related_name="audit_entries")
    project_name = models.CharField(max_length=253, blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True)
    actor_name = models.CharField(max_length=255)
    action = models.CharField(max_length=64)
    target_kind = models.CharField(max_length=64)
    target_name = models.CharField(max_length=300)
    facts = models.JSONField(default=dict, blank=True, help_text="What changed; never a secret.")
    reason = models.TextField(blank=True)
    ip_address = models.GenericIPAddressField(null=True)
    request_id = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ("-at", "-id")
        indexes = (models.Index(fields=("project", "-at"), name="audit_by_project"),)

    def __str__(self) -> str:
        return f"{self.actor_name} {self.action} {self.target_kind}/{self.target_name}"
