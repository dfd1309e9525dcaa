"""Promotions of one project: what moved, what is moving, what failed?"""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from projects.access import Action, get_project_or_404
from projects.http import render_page
from promotions.phases import Phase
from promotions.queries.promotion_list import Filters, list_people, list_stage_names, read_table

_STATUSES = [("live", "Running and queued"), *Phase.choices]


@require_GET
def promotion_list(request: HttpRequest, project_name: str) -> HttpResponse:
    """Running and queued first, then newest first; filters and page are in the URL."""
    project = get_project_or_404(request.user, project_name, Action.VIEW)
    status, before = request.GET.get("status", ""), request.GET.get("before", "")
    filters = Filters(
        status=status if status in dict(_STATUSES) else "",
        stage=request.GET.get("stage", ""),
        person=request.GET.get("person", "").strip(),
    )
    now = timezone.now()
    is_number = before.isascii() and before.isdigit() and len(before) < 10
    context = {
        "project": project,
        "active_tab": "promotions",
        "filters": filters,
        "statuses": _STATUSES,
        "stages": list_stage_names(project),
        "people": list_people(project),
        "table": read_table(project, filters, before=int(before) if is_number else None, now=now),
        "is_first_page": not is_number,
        "now": now,
    }
    part = "promotions/_promotion_table.html"
    return render_page(request, "promotions/promotion_list.html", partial=part, context=context)
