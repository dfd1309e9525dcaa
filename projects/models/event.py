"""Event: what happened in a project, as Kargo's event reference names it; kept for ever.

Audit entries say what somebody did; events say what came of it (`PromotionSucceeded`).
Source: Kargo docs, event reference.
"""

from django.db import models

from projects.models.project import Project


class Event(models.Model):
    """One event. `kind` is Kargo's name of it; `data` is what its reference lists, in camelCase."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=64)
    message = models.TextField()
    # Kargo's form of an actor: `email:a@b.c`, `controller:promotion-controller`.
    actor_label = models.CharField(max_length=300)
    target_kind = models.CharField(max_length=64)
    target_name = models.CharField(max_length=300)
    data = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        ordering = ("-at", "-id")
        indexes = (models.Index(fields=("project", "-at"), name="event_by_project"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.target_kind}/{self.target_name}"
