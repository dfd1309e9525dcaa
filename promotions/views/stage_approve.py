"""Lets freight into a stage past its upstream stages: the Bypass of an owner."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from projects.access import Action, get_project_or_404
from projects.request_context import actor_of
from promotions.queries.freight import get_freight
from promotions.queries.promote import get_stages
from promotions.requests import approve_freight


@require_POST
def stage_approve(request: HttpRequest, project_name: str, name: str) -> HttpResponse:
    """Approve the freight for the stage; a refusal (no reason given) is a page of its own."""
    project = get_project_or_404(request.user, project_name, Action.BYPASS, stage=name)
    (stage,) = get_stages(project, [name])
    freight = get_freight(project, request.POST.get("freight", ""))
    reason = request.POST.get("reason", "").strip()
    approve_freight(actor_of(request), stage, freight, reason=reason, now=timezone.now())
    return redirect("freight", project.name, freight.alias)
