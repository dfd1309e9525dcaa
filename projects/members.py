"""Who belongs to a project: add, change roles, remove. A project that has an owner always keeps one."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from projects.actors import Actor
from projects.audit import record
from projects.errors import DomainError
from projects.models import Member, Project, Role, RoleGrant
from projects.notices import announce

# Role -> names of the stages it is limited to; none means all stages.
Roles = Mapping[Role, Sequence[str]]
LIMITABLE = frozenset({Role.PROMOTER, Role.APPROVER})


def add_member(actor: Actor, project: Project, *, username: str, roles: Roles, now: datetime) -> Member:
    """Let a person in. No role at all makes a viewer. Raises DomainError."""
    _check_limits(roles)
    wanted = username.strip()
    with transaction.atomic():
        user = User.objects.filter(username=wanted, is_active=True).first()
        if user is None:
            raise DomainError(
                f'There is no account "{wanted}" that can sign in. Check the user name; '
                "a system administrator can create the account."
            )
        member, is_new = Member.objects.get_or_create(project=project, user=user)
        if not is_new:
            raise DomainError(f'"{wanted}" is a member of "{project.name}" already. Change their roles instead.')
        _store(member, roles)
        _note(actor, "added", member, {"roles": _as_facts(roles)}, now)
    return member


def set_roles(actor: Actor, member: Member, *, roles: Roles, now: datetime) -> None:
    """Replace all roles of a member. Raises DomainError if the project would be left without an owner."""
    _check_limits(roles)
    with transaction.atomic():
        _lock(member.project)
        before = read_roles(member)
        if _as_facts(before) == _as_facts(roles):
            return
        if Role.OWNER not in roles:
            _check_owner_stays(member, before)
        _store(member, roles)
        _note(actor, "changed", member, {"before": _as_facts(before), "roles": _as_facts(roles)}, now)


def remove_member(actor: Actor, member: Member, *, now: datetime) -> None:
    """Take a person out of the project. Raises DomainError for the last owner."""
    with transaction.atomic():
        _lock(member.project)
        before = read_roles(member)
        _check_owner_stays(member, before)
        if Member.objects.filter(pk=member.pk).delete()[0]:
            _note(actor, "removed", member, {"before": _as_facts(before)}, now)


def read_roles(member: Member) -> Roles:
    """The roles a member holds, with their stages."""
    return {Role(grant.role): list(grant.stages) for grant in RoleGrant.objects.filter(member=member)}


def _check_limits(roles: Roles) -> None:
    for role, stages in roles.items():
        if stages and role not in LIMITABLE:
            raise DomainError(
                f"The role {role.label} holds for the whole project; only Promoter and Approver can be limited "
                "to stages."
            )


def _check_owner_stays(member: Member, held: Roles) -> None:
    if Role.OWNER not in held:
        return
    others = RoleGrant.objects.filter(
        member__project=member.project, role=Role.OWNER, member__user__is_active=True
    ).exclude(member=member)
    if not others.exists():
        raise DomainError(
            f'"{member.user.get_username()}" is the last owner of "{member.project.name}". '
            "Make somebody else Owner first."
        )


def _lock(project: Project) -> None:
    """Two owners who remove each other at once must wait for one another."""
    Project.objects.select_for_update().get(pk=project.pk)


def _store(member: Member, roles: Roles) -> None:
    RoleGrant.objects.filter(member=member).delete()
    RoleGrant.objects.bulk_create(
        RoleGrant(member=member, role=role, stages=sorted(set(stages))) for role, stages in roles.items()
    )


def _as_facts(roles: Roles) -> dict[str, list[str]]:
    return {str(role): sorted(set(stages)) for role, stages in sorted(roles.items())}


def _note(actor: Actor, action: str, member: Member, facts: dict[str, object], now: datetime) -> None:
    record(
        actor,
        action,
        project=member.project,
        target_kind="Member",
        target_name=member.user.get_username(),
        facts=facts,
        at=now,
    )
    announce(member.project, "configuration", now=now)
