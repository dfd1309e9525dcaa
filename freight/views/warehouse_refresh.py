"""Has a warehouse look again."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from freight.queries.warehouses import get_warehouse
from freight.requests import request_refresh
from projects.access import Action, get_project_or_404
from projects.request_context import actor_of


@require_POST
def warehouse_refresh(request: HttpRequest, project_name: str, name: str) -> HttpResponse:
    """Ask for a check at once, then back to the page that asked."""
    project = get_project_or_404(request.user, project_name, Action.REFRESH)
    warehouse = get_warehouse(project, name)
    request_refresh(actor_of(request), warehouse, now=timezone.now())
    asked_from = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(asked_from, allowed_hosts=None):
        return HttpResponseRedirect(asked_from)
    return redirect("warehouse", project.name, warehouse.name)
