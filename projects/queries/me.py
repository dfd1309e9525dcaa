"""What the page of a person's own account shows."""

from dataclasses import dataclass

from django.contrib.auth.models import User

from projects.models import Member
from projects.queries.members import GrantLine, describe_grants


@dataclass(frozen=True, slots=True)
class Membership:
    """One project the person belongs to."""

    project: str
    grants: tuple[GrantLine, ...]


def list_memberships(user: User) -> list[Membership]:
    """All projects of one person with the roles held there, by name."""
    members = Member.objects.filter(user=user).select_related("project").prefetch_related("grants")
    return [
        Membership(member.project.name, describe_grants(member.grants.all()))
        for member in members.order_by("project__name")
    ]
