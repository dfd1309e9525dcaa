"""The only permission code: who may do what in a project.

Strangers get 404 (they may not learn that the project exists), members without the right get 403 with the
roles that have it.
"""

from enum import StrEnum
from typing import TypeAlias

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User

from projects.errors import ObjectNotFound, PermissionRefused
from projects.models import Project, Role, RoleGrant

Person: TypeAlias = User | AnonymousUser | AbstractBaseUser


class Action(StrEnum):
    """Everything a right is asked for; the value completes "may not ..."."""

    VIEW = "see this project"
    PROMOTE = "promote to this stage"
    ABORT = "abort promotions of this stage"
    RETRY = "retry promotions of this stage"
    ORDER_QUEUE = "change the queue of this stage"
    HOLD = "hold and resume auto-promotion of this stage"
    REFRESH = "refresh warehouses"
    RENAME_FREIGHT = "rename freight"
    ASSEMBLE = "assemble freight"
    DELETE_FREIGHT = "delete freight"
    VOTE = "approve or reject promotions"
    EDIT = "edit warehouses, stages and tasks"
    BYPASS = "approve freight past its upstream stages"
    CONFIGURE = "change the settings of this project"
    MANAGE_MEMBERS = "manage members"
    MANAGE_CREDENTIALS = "manage credentials"
    DELETE_PROJECT = "delete this project"


# A role may be limited to stages; the limit does not touch what is not done to a stage.
_ON_A_STAGE = frozenset({Action.PROMOTE, Action.ABORT, Action.RETRY, Action.ORDER_QUEUE, Action.HOLD, Action.VOTE})

_PROMOTER = frozenset({Role.PROMOTER, Role.MAINTAINER, Role.OWNER})
_MAINTAINER = frozenset({Role.MAINTAINER, Role.OWNER})
_OWNER = frozenset({Role.OWNER})

ROLES_WITH: dict[Action, frozenset[Role]] = {
    Action.VIEW: frozenset(Role),
    Action.PROMOTE: _PROMOTER,
    Action.ABORT: _PROMOTER,
    Action.RETRY: _PROMOTER,
    Action.ORDER_QUEUE: _PROMOTER,
    Action.HOLD: _MAINTAINER,
    Action.REFRESH: _PROMOTER,
    Action.RENAME_FREIGHT: _PROMOTER,
    Action.ASSEMBLE: _PROMOTER,
    Action.DELETE_FREIGHT: _MAINTAINER,
    Action.VOTE: frozenset({Role.APPROVER}),
    Action.EDIT: _MAINTAINER,
    Action.BYPASS: _OWNER,
    Action.CONFIGURE: _OWNER,
    Action.MANAGE_MEMBERS: _OWNER,
    Action.MANAGE_CREDENTIALS: _OWNER,
    Action.DELETE_PROJECT: _OWNER,
}


class Rights:
    """What one person may do in one project; loads the grants once, so asking often costs nothing."""

    def __init__(self, person: Person, project: Project) -> None:
        self._is_admin = bool(getattr(person, "is_superuser", False)) and person.is_active
        self.project = project
        self._grants: tuple[RoleGrant, ...] = ()
        self.is_member = False
        if person.is_authenticated and person.is_active:
            member = project.members.filter(user_id=person.pk).prefetch_related("grants").first()
            if member is not None:
                self.is_member = True
                self._grants = tuple(member.grants.all())

    @property
    def can_view(self) -> bool:
        """Members see their project; system administrators see all, but act in none."""
        return self.is_member or self._is_admin

    def allows(self, action: Action, stage: str = "") -> bool:
        """May the person do this, for actions on a stage in that stage?"""
        if action is Action.VIEW:
            return self.can_view
        if action is Action.MANAGE_MEMBERS and self._is_admin and not self._list_owners():
            return True  # a project made on the command line has no owner yet: somebody has to name one
        return any(
            grant.role in ROLES_WITH[action]
            and (not grant.stages or stage in grant.stages or action not in _ON_A_STAGE)
            for grant in self._grants
        )

    def refusal(self, action: Action, stage: str = "") -> str:
        """Why not, and who can help; empty when the person may."""
        if self.allows(action, stage):
            return ""
        held = ", ".join(sorted(grant.get_role_display() for grant in self._grants)) or "Viewer"
        roles = " or ".join(role.label for role in Role if role in ROLES_WITH[action])
        limited = any(g.role in ROLES_WITH[action] and g.stages for g in self._grants)
        where = f' (your role is limited to other stages than "{stage}")' if limited and stage else ""
        helpers = ", ".join(self._list_owners()) or "a system administrator"
        return f"You are {held} and may not {action}{where}. It needs the role {roles}. Ask: {helpers}."

    def _list_owners(self) -> list[str]:
        grants = RoleGrant.objects.filter(member__project=self.project, role=Role.OWNER)
        return list(grants.values_list("member__user__username", flat=True))


def authorize(person: Person, action: Action, project: Project, *, stage: str = "") -> Rights:
    """Let pass or raise: ObjectNotFound for strangers, PermissionRefused for members without the right."""
    rights = Rights(person, project)
    if not rights.can_view:
        raise ObjectNotFound(f'There is no project "{project.name}" that you can see.')
    if refusal := rights.refusal(action, stage):
        raise PermissionRefused(refusal)
    return rights


def get_project_or_404(person: Person, name: str, action: Action, *, stage: str = "") -> Project:
    """The project, if the person may do `action` in it. Raises as `authorize`."""
    project = Project.objects.filter(name=name).first()
    if project is None:
        raise ObjectNotFound(f'There is no project "{name}" that you can see.')
    authorize(person, action, project, stage=stage)
    return project
