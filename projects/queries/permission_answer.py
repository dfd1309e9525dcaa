"""Why can somebody do something here, or why not? The answer of the page that is asked so."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User

from projects.access import ROLES_WITH, Action, Rights
from projects.models import Member, Project, Role
from projects.queries.members import GrantLine, describe_grants

# Acts on one stage; the others hold for the whole project.
STAGE_ACTIONS = frozenset({Action.PROMOTE, Action.ABORT, Action.VOTE})


@dataclass(frozen=True, slots=True)
class PermissionAnswer:
    """Yes or no, the rule behind it, and what would change a no."""

    is_allowed: bool
    rule: str
    way_out: str


def explain_permission(project: Project, person: User, action: Action, *, stage: str) -> PermissionAnswer:
    """May a person do this (for acts on a stage: there)? By the same rights that pages ask."""
    name = person.username
    if not person.is_active:
        return PermissionAnswer(False, f"{name} cannot sign in any more.", "A system administrator can change that.")
    member = Member.objects.filter(project=project, user=person).prefetch_related("grants").first()
    grants = describe_grants(member.grants.all()) if member else ()
    needed = [role for role in Role if role in ROLES_WITH[action]]
    if Rights(person, project).allows(action, stage):
        return PermissionAnswer(True, _why_yes(name, grants, needed, stage), "")
    held = ", ".join(map(_describe, grants)) or "no member"
    rule = f"It needs the role {' or '.join(role.label for role in needed)}; {name} is {held}."
    owners = Member.objects.filter(project=project, grants__role=Role.OWNER).order_by("user__username")
    names = ", ".join(owners.values_list("user__username", flat=True)) or "a system administrator"
    return PermissionAnswer(False, rule, f"Who can change that: {names}.")


def _why_yes(name: str, grants: Sequence[GrantLine], needed: Sequence[Role], stage: str) -> str:
    fitting = [
        grant for grant in grants if grant.role in needed and (not grant.stages or not stage or stage in grant.stages)
    ]
    if not fitting:
        return f"{name} is a system administrator, who may see every project."
    return f"{name} is {' and '.join(map(_describe, fitting))}."


def _describe(grant: GrantLine) -> str:
    return f"{grant.label} for {', '.join(grant.stages)}" if grant.stages else grant.label
