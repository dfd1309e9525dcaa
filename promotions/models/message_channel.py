"""MessageChannel: where `send-message` sends to; without a project it is a ClusterMessageChannel.

Its secret is not here: `spec.secretRef` names a generic credential of the project, or a shared one.
"""

from django.db import models
from django.db.models import Q

from projects.models import Project


class MessageChannel(models.Model):
    """A Slack channel, mailbox or web address, as in Kargo's manifest."""

    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, related_name="message_channels", null=True, blank=True
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
            models.UniqueConstraint(fields=("project", "name"), name="channel_name_once_in_project"),
            models.UniqueConstraint(
                fields=("name",), condition=Q(project__isnull=True), name="channel_name_once_shared"
            ),
        )

    def __str__(self) -> str:
        return self.name
