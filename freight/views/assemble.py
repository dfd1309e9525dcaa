"""Assembles freight by hand: a version of each subscription, chosen from what was found."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from freight.forms.assemble import AssembleChoice, read_choice
from freight.models import Warehouse
from freight.queries.assemble import drafts_of_freight, find_copied, read_assembly
from freight.queries.warehouses import get_warehouse
from freight.requests import assemble_freight
from projects.access import Action, get_project_or_404
from projects.errors import DomainError
from projects.http import render_page
from projects.request_context import actor_of

_PART = "freight/_assemble_tray.html"


@require_GET
def assemble(request: HttpRequest, project_name: str, name: str) -> HttpResponse:
    """The page; the choice is in the address, and `?from=` begins with other freight."""
    project = get_project_or_404(request.user, project_name, Action.ASSEMBLE)
    return _render(request, get_warehouse(project, name), read_choice(request.GET))


@require_POST
def assemble_create(request: HttpRequest, project_name: str, name: str) -> HttpResponse:
    """Make freight of the choice: `do=create`, or `do=promote` to go on with it; else show the choice."""
    project = get_project_or_404(request.user, project_name, Action.ASSEMBLE)
    warehouse = get_warehouse(project, name)
    choice, wish = read_choice(request.POST), request.POST.get("do", "")
    if wish not in ("create", "promote"):
        return HttpResponseRedirect(f"{reverse('warehouse-assemble', args=(project.name, name))}?{choice.as_query()}")
    also = drafts_of_freight(find_copied(warehouse, choice.origin))
    try:
        made, _ = assemble_freight(actor_of(request), warehouse, choice.picks, now=timezone.now(), also=also)
    except DomainError as error:
        return _render(request, warehouse, choice, error=error)
    if wish == "promote":
        return HttpResponseRedirect(f"{reverse('promote', args=(project.name,))}?freight={made.alias}")
    return redirect("freight", project.name, made.alias)


def _render(
    request: HttpRequest, warehouse: Warehouse, choice: AssembleChoice, *, error: DomainError | None = None
) -> HttpResponse:
    context = {
        "project": warehouse.project,
        "active_tab": "warehouses",
        "view": read_assembly(
            warehouse, choice.picks, text=choice.text, copied=find_copied(warehouse, choice.origin)
        ),
        "error": error.message if error else "",
        "now": timezone.now(),
    }
    status = error.status if error else 200
    return render_page(request, "freight/assemble.html", partial=_PART, context=context, status=status)
