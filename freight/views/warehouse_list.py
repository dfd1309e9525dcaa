"""Warehouses of one project."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from freight.queries.warehouses import list_warehouses
from projects.access import Action, Rights, get_project_or_404
from projects.http import render_page


@require_GET
def warehouse_list(request: HttpRequest, project_name: str) -> HttpResponse:
    """All of them; the table refreshes when one is checked."""
    project = get_project_or_404(request.user, project_name, Action.VIEW)
    context = {
        "project": project,
        "active_tab": "warehouses",
        "warehouses": list_warehouses(project),
        "why_not_refresh": Rights(request.user, project).refusal(Action.REFRESH),
        "now": timezone.now(),
    }
    part = "freight/_warehouse_table.html"
    return render_page(request, "freight/warehouse_list.html", partial=part, context=context)
