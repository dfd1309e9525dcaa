"""Why can somebody do something, and what would change it?"""

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from projects.access import Action, Rights, get_project_or_404
from projects.forms.permission_question import PermissionQuestionForm
from projects.http import render_page
from projects.models import Project
from projects.queries.permission_answer import PermissionAnswer, explain_permission
from promotions.queries.members import list_stage_names


@require_GET
def permission_check(request: HttpRequest, project_name: str) -> HttpResponse:
    """Owners ask about every member, the others about themselves."""
    project = get_project_or_404(request.user, project_name, Action.VIEW)
    people = _list_people(request, project)
    form = PermissionQuestionForm(
        request.GET if "action" in request.GET else None, people=people, stages=list_stage_names(project)
    )
    context = {
        "project": project,
        "form": form,
        "answer": _answer(project, form) if form.is_valid() else None,
        "active_tab": "members",
        "active_section": "members",
    }
    return render_page(request, "promotions/permission_check.html", context=context)


def _list_people(request: HttpRequest, project: Project) -> list[str]:
    own = request.user.get_username()
    if not Rights(request.user, project).allows(Action.MANAGE_MEMBERS):
        return [own]
    names = project.members.order_by("user__username").values_list("user__username", flat=True)
    return [own, *(name for name in names if name != own)]


def _answer(project: Project, form: PermissionQuestionForm) -> PermissionAnswer:
    data = form.cleaned_data
    person = User.objects.get(username=data["person"])
    return explain_permission(project, person, Action[data["action"]], stage=data["stage"])
