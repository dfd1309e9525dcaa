"""What the page of a project's members shows: people, their roles in sentences."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from projects.models import Member, Project, Role, RoleGrant

_MAY = {
    Role.VIEWER: "may see everything but secret values",
    Role.PROMOTER: "may promote and abort in {stages}, refresh warehouses and rename freight",
    Role.APPROVER: "may approve or reject for {stages}",
    Role.MAINTAINER: "may promote to all stages and edit warehouses, stages and tasks",
    Role.OWNER: "may do all that a maintainer may, and manage members, credentials and settings",
}
_ORDER = [Role.OWNER, Role.MAINTAINER, Role.PROMOTER, Role.APPROVER, Role.VIEWER]


@dataclass(frozen=True, slots=True)
class GrantLine:
    """One role somebody holds; `sentence` says what it lets them do."""

    role: str
    label: str
    stages: tuple[str, ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One person of the project."""

    user_id: int
    username: str
    name: str
    is_active: bool
    added_at: datetime
    grants: tuple[GrantLine, ...]


def list_members(project: Project) -> list[MemberRow]:
    """Everybody in the project by user name."""
    members = project.members.select_related("user").prefetch_related("grants").order_by("user__username")
    return [_row(member) for member in members]


def describe_grants(grants: Iterable[RoleGrant]) -> tuple[GrantLine, ...]:
    """Roles in sentences, the strongest first; nobody without a grant may less than a viewer."""
    held = {Role(grant.role): tuple(grant.stages) for grant in grants} or {Role.VIEWER: ()}
    return tuple(
        GrantLine(role, role.label, held[role], _MAY[role].format(stages=_name_stages(held[role])))
        for role in _ORDER
        if role in held
    )


def list_role_sentences() -> list[tuple[str, str]]:
    """Every role with what it lets people do, weakest first: the sheet beside the form."""
    return [(role.label, _MAY[role].format(stages="all or some stages")) for role in reversed(_ORDER)]


def _name_stages(stages: tuple[str, ...]) -> str:
    return ", ".join(stages) if stages else "all stages"


def _row(member: Member) -> MemberRow:
    user = member.user
    return MemberRow(
        user_id=user.pk,
        username=user.username,
        name=user.get_full_name() or user.username,
        is_active=user.is_active,
        added_at=member.added_at,
        grants=describe_grants(member.grants.all()),
    )
