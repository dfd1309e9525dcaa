"""Events of a project: what came of what was done?"""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from projects.access import Action, get_project_or_404
from projects.http import render_page
from projects.queries.activity import find_event_page


@require_GET
def activity(request: HttpRequest, project_name: str) -> HttpResponse:
    """Events newest first; the filter and the place in the list are in the URL."""
    project = get_project_or_404(request.user, project_name, Action.VIEW)
    before = request.GET.get("before", "")
    kind = request.GET.get("kind", "")
    page = find_event_page(
        project, kind=kind, before=int(before) if before.isdecimal() and len(before) < 19 else None
    )
    context = {"project": project, "page": page, "kind": kind, "active_tab": "audit", "now": timezone.now()}
    return render_page(request, "projects/activity.html", context=context)
