"""One warehouse: what does it see, and why is there no new freight? And its card on the map, a live part."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from freight.queries.warehouses import get_warehouse, read_card, read_warehouse
from projects.access import Action, Rights, get_project_or_404
from projects.http import render_page
from projects.parts import render_part


@require_GET
def warehouse(request: HttpRequest, project_name: str, name: str) -> HttpResponse:
    """The page; what was found is a live part under the same address."""
    project = get_project_or_404(request.user, project_name, Action.VIEW)
    rights = Rights(request.user, project)
    context = {
        "project": project,
        "active_tab": "warehouses",
        "warehouse": read_warehouse(get_warehouse(project, name)),
        "why_not_refresh": rights.refusal(Action.REFRESH),
        "may_assemble": rights.allows(Action.ASSEMBLE),
        "may_edit": rights.allows(Action.EDIT),
        "now": timezone.now(),
    }
    return render_page(request, "freight/warehouse.html", partial="freight/_warehouse.html", context=context)


@require_GET
def warehouse_card(request: HttpRequest, project_name: str, name: str) -> HttpResponse:
    """The card alone; 304 while it would read the same."""
    project = get_project_or_404(request.user, project_name, Action.VIEW)
    card = read_card(get_warehouse(project, name))
    may_refresh = Rights(request.user, project).allows(Action.REFRESH)
    context = {"project": project, "card": card, "may_refresh": may_refresh, "now": timezone.now()}
    return render_part(request, "freight/_warehouse_card.html", shown=(card, may_refresh), context=context)
