"""One piece of freight: what is in it, and how far did it get? And its new alias."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from freight.requests import rename_alias
from projects.access import Action, Rights, get_project_or_404
from projects.errors import DomainError
from projects.http import render_page
from projects.models import Project
from projects.request_context import actor_of
from promotions.queries.freight import get_freight, read_freight
from promotions.retention import explain_use


@require_GET
def freight(request: HttpRequest, project_name: str, key: str) -> HttpResponse:
    """The page; what it got to is a live part under the same address."""
    project = get_project_or_404(request.user, project_name, Action.VIEW)
    return _render(request, project, key)


@require_POST
def freight_rename(request: HttpRequest, project_name: str, key: str) -> HttpResponse:
    """Give it another alias; a refused one is shown at its field, as it was typed."""
    project = get_project_or_404(request.user, project_name, Action.RENAME_FREIGHT)
    found, alias = get_freight(project, key), request.POST.get("alias", "")
    try:
        rename_alias(actor_of(request), found, alias, now=timezone.now())
    except DomainError as error:
        return _render(request, project, key, alias=alias, error=error.message, status=error.status)
    return redirect("freight", project.name, found.alias)


def _render(
    request: HttpRequest, project: Project, key: str, *, alias: str = "", error: str = "", status: int = 200
) -> HttpResponse:
    rights, now = Rights(request.user, project), timezone.now()
    view = read_freight(get_freight(project, key), rights, now=now)
    context = {
        "project": project,
        "active_tab": "freight",
        "view": view,
        "alias": alias,
        "alias_error": error,
        "why_not_delete": explain_use(view.freight),
        "may_delete": rights.allows(Action.DELETE_FREIGHT),
        "may_assemble": rights.allows(Action.ASSEMBLE),
        "why_not_rename": rights.refusal(Action.RENAME_FREIGHT),
        "now": now,
    }
    part = "promotions/_freight_journey.html" if request.method == "GET" else ""
    return render_page(request, "promotions/freight.html", partial=part, context=context, status=status)
