"""Members of a project: who can do what here? It lives here because roles can be limited to stages."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from projects.access import Action, Rights, get_project_or_404
from projects.errors import DomainError
from projects.forms.members import AddMemberForm
from projects.http import render_page
from projects.members import add_member
from projects.models import Project
from projects.queries.members import list_members, list_role_sentences
from projects.request_context import actor_of
from promotions.queries.members import list_stage_names


@require_GET
def members(request: HttpRequest, project_name: str) -> HttpResponse:
    """Everybody in the project; owners also see the form that lets somebody in."""
    project = get_project_or_404(request.user, project_name, Action.VIEW)
    return _render(request, project, AddMemberForm(stages=list_stage_names(project)))


@require_POST
def member_add(request: HttpRequest, project_name: str) -> HttpResponse:
    """Let a person in; what is refused stands at the form."""
    project = get_project_or_404(request.user, project_name, Action.MANAGE_MEMBERS)
    form = AddMemberForm(request.POST, stages=list_stage_names(project))
    if not form.is_valid():
        return _render(request, project, form, status=422)
    username, roles = form.cleaned_data["username"], form.chosen_roles()
    try:
        add_member(actor_of(request), project, username=username, roles=roles, now=timezone.now())
    except DomainError as error:
        form.add_error(None, error.message)
        return _render(request, project, form, status=error.status)
    return redirect("members", project.name)


def _render(request: HttpRequest, project: Project, form: AddMemberForm, *, status: int = 200) -> HttpResponse:
    rights = Rights(request.user, project)
    context = {
        "project": project,
        "members": list_members(project),
        "role_sentences": list_role_sentences(),
        "form": form,
        "can_manage": rights.allows(Action.MANAGE_MEMBERS),
        "why_not": rights.refusal(Action.MANAGE_MEMBERS),
        "active_tab": "members",
        "active_section": "members",
    }
    return render_page(request, "promotions/members.html", context=context, status=status)
