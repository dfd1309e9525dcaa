"""Promoting: choose stages for freight, or freight for a stage; look at what changes; ask for it."""

import uuid
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from freight.models import Freight
from projects.access import Action, Rights, get_project_or_404
from projects.errors import PermissionRefused
from projects.http import render_page
from projects.models import Project
from projects.request_context import actor_of
from promotions.errors import PromotionRefused
from promotions.models import Stage
from promotions.previews import request_newest_check
from promotions.queries.freight import get_freight
from promotions.queries.promote import get_stages, list_freight_choices, list_stage_choices, review_stages
from promotions.requests import refuse_closed, request_promotion

_KEY_LENGTH = 40
_NOTE_LENGTH = 1000


@require_http_methods(["GET", "HEAD", "POST"])
def promote(request: HttpRequest, project_name: str) -> HttpResponse:
    """GET shows what `?freight=` and `?stage=` (several) ask for; POST of both promotes."""
    project = get_project_or_404(request.user, project_name, Action.VIEW)
    rights = Rights(request.user, project)
    if request.method == "POST":
        return _send(request, project, rights)
    names, alias = list(dict.fromkeys(request.GET.getlist("stage"))), request.GET.get("freight", "")
    stages = get_stages(project, names)
    if alias and stages:
        return _review(request, rights, get_freight(project, alias), stages)
    if alias:
        return _choose_stages(request, rights, get_freight(project, alias))
    if stages:
        return _choose_freight(request, rights, stages[0])
    return redirect("pipeline", project.name)


def _send(request: HttpRequest, project: Project, rights: Rights) -> HttpResponse:
    """One promotion a stage. Rights and gates of all are checked before the first one is made."""
    names = list(dict.fromkeys(request.POST.getlist("stage")))
    for name in names or [""]:
        if refusal := rights.refusal(Action.PROMOTE, name):
            raise PermissionRefused(refusal)
    stages, freight = get_stages(project, names), get_freight(project, request.POST.get("freight", ""))
    if not stages:
        return _choose_stages(request, rights, freight, problem="Choose at least one stage.", status=422)
    key = request.POST.get("key", "")[:_KEY_LENGTH] or uuid.uuid4().hex
    if edited := [s.name for s in stages if request.POST.get(f"generation-{s.name}", "") != str(s.generation)]:
        problem = f"Edited since you opened this page: {', '.join(edited)}. Look again at what would run."
        return _review(request, rights, freight, stages, problem=problem, status=409)
    try:
        number = _ask(request, rights, freight, stages, key)
    except PromotionRefused as error:
        return _review(request, rights, freight, stages, problem=error.message, status=409)
    return redirect("promotion", project.name, number)


def _ask(request: HttpRequest, rights: Rights, freight: Freight, stages: list[Stage], key: str) -> int:
    """Number of the first promotion; all are made, or none."""
    now, note = timezone.now(), request.POST.get("note", "").strip()[:_NOTE_LENGTH]
    for stage in stages[1:]:
        refuse_closed(stage, freight, rights=rights, now=now)
    actor = actor_of(request)
    with transaction.atomic():
        numbers = [
            request_promotion(
                actor, stage, freight, rights=rights, now=now, idempotency_key=f"{key}.{stage.pk}", note=note
            ).number
            for stage in stages
        ]
    return numbers[0]


def _choose_stages(
    request: HttpRequest, rights: Rights, freight: Freight, *, problem: str = "", status: int = 200
) -> HttpResponse:
    choices = list_stage_choices(freight, rights, now=timezone.now())
    context = {"freight": freight, "choices": choices, "problem": problem}
    return _render(request, rights, "choose_stages", context, status)


def _choose_freight(request: HttpRequest, rights: Rights, stage: Stage) -> HttpResponse:
    choices = list_freight_choices(rights.project, stage, rights, now=timezone.now())
    ready, shut = [c for c in choices if c.is_open], [c for c in choices if not c.is_open]
    return _render(request, rights, "choose_freight", {"stage": stage, "ready": ready, "shut": shut}, 200)


def _review(
    request: HttpRequest,
    rights: Rights,
    freight: Freight,
    stages: list[Stage],
    *,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    now = timezone.now()
    for stage in stages:
        request_newest_check(stage, freight, now=now)
    reviews = review_stages(freight, stages, rights, now=now)
    context = {
        "freight": freight,
        "reviews": reviews,
        "can_send": all(review.is_open for review in reviews),
        # A page redrawn after a refusal made no promotion, so its key is still unused.
        "key": request.POST.get("key", "")[:_KEY_LENGTH] or uuid.uuid4().hex,
        "note": request.POST.get("note", "")[:_NOTE_LENGTH],
        "problem": problem,
    }
    return _render(request, rights, "review", context, status)


def _render(request: HttpRequest, rights: Rights, name: str, context: dict[str, Any], status: int) -> HttpResponse:
    shared = {"project": rights.project, "active_tab": "pipeline", "now": timezone.now()}
    part = f"promotions/_promote_{name}.html"
    return render_page(
        request, f"promotions/promote_{name}.html", partial=part, context=shared | context, status=status
    )
