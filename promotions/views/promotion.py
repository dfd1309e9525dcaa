"""One promotion: is it going well, if not why, and what can I do? And its live parts, head and steps."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.views.decorators.http import require_GET

from projects.access import Action, Rights, authorize
from projects.errors import ObjectNotFound
from projects.http import render_page
from projects.models import Project
from promotions.models import Promotion
from promotions.queries.log import read_range
from promotions.queries.promotion import find_promotion, head_tag, read_head
from promotions.queries.promotion_changes import read_changes
from promotions.queries.promotion_requests import RequestPart, read_requests
from promotions.queries.promotion_retry import read_attempts
from promotions.queries.promotion_steps import read_steps

# Lines that the page brings along; older ones come on demand.
_LINES = 1000


def get_promotion(
    request: HttpRequest, project_name: str, number: int, action: Action = Action.VIEW
) -> tuple[Promotion, Rights]:
    """The promotion, if the person may do `action` in its stage. Raises ObjectNotFound, PermissionRefused."""
    project = Project.objects.filter(name=project_name).first()
    if project is None:
        raise ObjectNotFound(f'There is no project "{project_name}" that you can see.')
    rights = authorize(request.user, Action.VIEW, project)
    promotion = find_promotion(project, number)
    if promotion is None:
        raise ObjectNotFound(f'There is no promotion #{number} in project "{project_name}".')
    if action is not Action.VIEW:
        authorize(request.user, action, project, stage=promotion.stage_name)
    return promotion, rights


@require_GET
def promotion(request: HttpRequest, project_name: str, number: int) -> HttpResponse:
    """The whole page."""
    found, rights = get_promotion(request, project_name, number)
    return render_promotion(request, found, rights)


def render_promotion(
    request: HttpRequest, found: Promotion, rights: Rights, *, requests: RequestPart | None = None, status: int = 200
) -> HttpResponse:
    """The whole page; `requests` is the box with an answer in it that could not be taken."""
    now = timezone.now()
    first = max(1, found.log_line_count - _LINES + 1)
    context = {
        "project": found.project,
        "active_tab": "promotions",
        "promotion": found,
        "head": read_head(found, rights, now=now),
        "requests": requests or read_requests(found, request.user, rights),
        "steps": read_steps(found, now=now),
        "changes": read_changes(found),
        "log": read_range(found, first, found.log_line_count),
        "first_line": first,
        "now": now,
        "attempts": read_attempts(found),
        "asks_to_abort": request.GET.get("ask") == "abort",
        "asks_to_retry": request.GET.get("ask") == "retry",
    }
    return render_page(request, "promotions/promotion.html", context=context, status=status)


@require_GET
def promotion_head(request: HttpRequest, project_name: str, number: int) -> HttpResponse:
    """The head alone; 304 while it would read the same."""
    found, rights = get_promotion(request, project_name, number)
    now = timezone.now()
    tag = f'W/"head-{head_tag(found, rights, now=now)}"'
    if (unchanged := get_conditional_response(request, etag=tag)) is not None:
        return unchanged
    context = {"project": found.project, "head": read_head(found, rights, now=now), "now": now}
    return _render_part(request, "promotions/_promotion_head.html", tag, context)


@require_GET
def promotion_steps(request: HttpRequest, project_name: str, number: int) -> HttpResponse:
    """The steps alone; 304 while they would read the same."""
    found, _ = get_promotion(request, project_name, number)
    tag = f'W/"steps-{found.version}"'
    if (unchanged := get_conditional_response(request, etag=tag)) is not None:
        return unchanged
    now = timezone.now()
    context = {"project": found.project, "steps": read_steps(found, now=now), "now": now}
    return _render_part(request, "promotions/_promotion_steps.html", tag, context)


def _render_part(request: HttpRequest, template: str, tag: str, context: dict[str, Any]) -> HttpResponse:
    """A part that the browser may keep, but must ask about each time."""
    response = render(request, template, context)
    response["ETag"] = tag
    response["Cache-Control"] = "private, no-cache"
    patch_vary_headers(response, ("HX-Request", "Cookie"))
    return response
