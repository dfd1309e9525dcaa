"""One promotion task: its variables, steps, users and YAML; read only."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from projects.access import Action, get_project_or_404
from projects.http import render_page
from promotions.queries.tasks import get_task


@require_GET
def task(request: HttpRequest, project_name: str, name: str) -> HttpResponse:
    """A task of the project, or with `?shared=1` the shared one of that name."""
    project = get_project_or_404(request.user, project_name, Action.VIEW)
    detail = get_task(project, name, is_shared=request.GET.get("shared") == "1")
    context = {"project": project, "task": detail, "active_tab": "tasks"}
    return render_page(request, "promotions/task.html", context=context)
