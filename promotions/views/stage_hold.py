"""Holds auto-promotion of one origin of a stage, and resumes it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from projects.access import Action, get_project_or_404
from projects.request_context import actor_of
from promotions.forms.hold import read_until
from promotions.holds import hold_auto_promotion, resume_auto_promotion
from promotions.queries.promote import get_stages


@require_POST
def stage_hold(request: HttpRequest, project_name: str, name: str) -> HttpResponse:
    """New freight of the origin stays out until somebody resumes, or until the time given."""
    project = get_project_or_404(request.user, project_name, Action.HOLD, stage=name)
    (stage,) = get_stages(project, [name])
    now = timezone.now()
    hold_auto_promotion(
        actor_of(request),
        stage,
        request.POST.get("origin", ""),
        reason=request.POST.get("reason", "").strip(),
        until=read_until(request.POST.get("until", "")),
        now=now,
    )
    return redirect("stage", project.name, name)


@require_POST
def stage_resume(request: HttpRequest, project_name: str, name: str) -> HttpResponse:
    """Lift the hold of an origin."""
    project = get_project_or_404(request.user, project_name, Action.HOLD, stage=name)
    (stage,) = get_stages(project, [name])
    resume_auto_promotion(actor_of(request), stage, request.POST.get("origin", ""), now=timezone.now())
    return redirect("stage", project.name, name)
