"""Who belongs to a project and which roles they hold there."""

from django.conf import settings
from django.db import models

from projects.models.project import Project


class Role(models.TextChoices):
    """The five roles of a project; a person may hold several."""

    VIEWER = "viewer", "Viewer"
    PROMOTER = "promoter", "Promoter"
    APPROVER = "approver", "Approver"
    MAINTAINER = "maintainer", "Maintainer"
    OWNER = "owner", "Owner"


class Member(models.Model):
    """One person in one project. Without a role grant a member is a viewer."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("user__username",)
        constraints = (models.UniqueConstraint(fields=("project", "user"), name="member_once_in_project"),)

    def __str__(self) -> str:
        return f"{self.user_id} in {self.project_id}"


class RoleGrant(models.Model):
    """One role of one member; promoter and approver may be limited to stages."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="grants")
    role = models.CharField(max_length=16, choices=Role.choices)
    stages = models.JSONField(default=list, blank=True, help_text="Stage names; empty means all stages.")

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=("member", "role"), name="role_granted_once"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="role_grant_role_known"),
        )

    def __str__(self) -> str:
        return f"{self.role} of {self.member_id}"
