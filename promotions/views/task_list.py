"""Promotion tasks of a project: which reusable steps exist and who uses them?"""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from projects.access import Action, get_project_or_404
from projects.http import render_page
from promotions.queries.tasks import list_tasks


@require_GET
def task_list(request: HttpRequest, project_name: str) -> HttpResponse:
    """The project's own tasks, then the shared ones."""
    project = get_project_or_404(request.user, project_name, Action.VIEW)
    context = {"project": project, "tasks": list_tasks(project), "active_tab": "tasks"}
    return render_page(request, "promotions/task_list.html", context=context)
