"""Has a failed promotion go on from one of its steps."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from projects.access import Action
from projects.errors import InvalidRequest
from projects.request_context import actor_of
from promotions.retries import retry_promotion
from promotions.views.promotion import get_promotion


@require_POST
def promotion_retry(request: HttpRequest, project_name: str, number: int) -> HttpResponse:
    """Queue the same promotion again; `step` counts from 1, without it the step that failed is meant."""
    promotion, rights = get_promotion(request, project_name, number, Action.RETRY)
    step = request.POST.get("step", "")
    if step and not step.isdecimal():
        raise InvalidRequest(f'"{step}" is no number of a step. Choose one of the steps offered.')
    retry_promotion(
        actor_of(request),
        promotion,
        from_step=int(step) - 1 if step else None,
        rights=rights,
        now=timezone.now(),
        note=request.POST.get("note", "").strip()[:500],
    )
    return redirect("promotion", project_name, number)
