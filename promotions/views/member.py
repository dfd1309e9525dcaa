"""One member of a project: change the roles, or take the person out."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from projects.access import Action, get_project_or_404
from projects.errors import DomainError, ObjectNotFound
from projects.forms.members import RolesForm
from projects.http import render_page
from projects.members import read_roles, remove_member, set_roles
from projects.models import Member
from projects.queries.members import list_role_sentences
from projects.request_context import actor_of
from promotions.queries.members import list_stage_names


@require_GET
def member(request: HttpRequest, project_name: str, username: str) -> HttpResponse:
    """The form with the roles as they are."""
    found = _get_member(request, project_name, username)
    form = RolesForm(stages=list_stage_names(found.project), held=read_roles(found))
    return _render(request, found, form)


@require_POST
def member_roles(request: HttpRequest, project_name: str, username: str) -> HttpResponse:
    """Replace the roles by those of the form."""
    found = _get_member(request, project_name, username)
    form = RolesForm(request.POST, stages=list_stage_names(found.project), held=read_roles(found))
    if not form.is_valid():
        return _render(request, found, form, status=422)
    try:
        set_roles(actor_of(request), found, roles=form.chosen_roles(), now=timezone.now())
    except DomainError as error:
        form.add_error(None, error.message)
        return _render(request, found, form, status=error.status)
    return redirect("members", project_name)


@require_POST
def member_remove(request: HttpRequest, project_name: str, username: str) -> HttpResponse:
    """Take the person out of the project."""
    found = _get_member(request, project_name, username)
    try:
        remove_member(actor_of(request), found, now=timezone.now())
    except DomainError as error:
        form = RolesForm(stages=list_stage_names(found.project), held=read_roles(found))
        return _render(request, found, form, refusal=error.message, status=error.status)
    return redirect("members", project_name)


def _get_member(request: HttpRequest, project_name: str, username: str) -> Member:
    project = get_project_or_404(request.user, project_name, Action.MANAGE_MEMBERS)
    found = project.members.select_related("user", "project").filter(user__username=username).first()
    if found is None:
        raise ObjectNotFound(f'"{username}" is not a member of "{project_name}".')
    return found


def _render(
    request: HttpRequest, found: Member, form: RolesForm, *, refusal: str = "", status: int = 200
) -> HttpResponse:
    context = {
        "project": found.project,
        "person": found.user,
        "form": form,
        "refusal": refusal,
        "role_sentences": list_role_sentences(),
        "active_tab": "members",
        "active_section": "members",
    }
    return render_page(request, "promotions/member.html", context=context, status=status)
