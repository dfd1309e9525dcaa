"""Freight of one project, newest first."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from projects.access import Action, get_project_or_404
from projects.http import render_page
from promotions.queries.freight_list import read_freight_table


@require_GET
def freight_list(request: HttpRequest, project_name: str) -> HttpResponse:
    """Search and page are in the URL."""
    project = get_project_or_404(request.user, project_name, Action.VIEW)
    text, before = request.GET.get("q", "").strip(), request.GET.get("before", "")
    context = {
        "project": project,
        "active_tab": "freight",
        "table": read_freight_table(project, text=text, before=before),
        "text": text,
        "is_first_page": not before,
        "now": timezone.now(),
    }
    part = "promotions/_freight_table.html"
    return render_page(request, "promotions/freight_list.html", partial=part, context=context)
