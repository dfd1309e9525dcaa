"""Deletes freight that nothing refers to."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from projects.access import Action, get_project_or_404
from projects.request_context import actor_of
from promotions.queries.freight import get_freight
from promotions.retention import remove_freight


@require_POST
def freight_delete(request: HttpRequest, project_name: str, key: str) -> HttpResponse:
    """Delete it, then back to the list; freight in use is refused with the stages that hold it."""
    project = get_project_or_404(request.user, project_name, Action.DELETE_FREIGHT)
    remove_freight(actor_of(request), get_freight(project, key), now=timezone.now())
    return redirect("freight-list", project.name)
