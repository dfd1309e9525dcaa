"""Gives a waiting promotion another place in its stage's queue."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from projects.access import Action
from projects.errors import InvalidRequest
from projects.request_context import actor_of
from promotions.queueing import move_in_queue
from promotions.views.promotion import get_promotion


@require_POST
def promotion_move(request: HttpRequest, project_name: str, number: int) -> HttpResponse:
    """`place` counts from 1, the next to run; the stage's page shows the new order."""
    promotion, _ = get_promotion(request, project_name, number, Action.ORDER_QUEUE)
    place = request.POST.get("place", "")
    if not place.isdecimal():
        raise InvalidRequest(f'"{place}" is no place in a queue. Give a number, 1 for the next to run.')
    move_in_queue(actor_of(request), promotion, place=int(place), now=timezone.now())
    return redirect("stage", project_name, promotion.stage_name)
