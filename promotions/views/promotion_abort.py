"""Aborts one promotion."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from projects.access import Action
from projects.request_context import actor_of
from promotions.requests import abort_promotion
from promotions.views.promotion import get_promotion


@require_POST
def promotion_abort(request: HttpRequest, project_name: str, number: int) -> HttpResponse:
    """Ask for the end; the page shows how it comes."""
    promotion, _ = get_promotion(request, project_name, number, Action.ABORT)
    abort_promotion(actor_of(request), promotion, now=timezone.now())
    return redirect("promotion", project_name, number)
