"""One stage: what runs here, since when, what may come next? And its card on the map, a live part."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from projects.access import Action, Rights, get_project_or_404
from projects.errors import ObjectNotFound
from projects.http import render_page
from projects.parts import render_part
from promotions.queries.stage import read_stage
from promotions.queries.stage_card import read_stage_card


@require_GET
def stage(request: HttpRequest, project_name: str, name: str) -> HttpResponse:
    """The page; all of it is a live part under the same address."""
    project = get_project_or_404(request.user, project_name, Action.VIEW)
    rights = Rights(request.user, project)
    now = timezone.now()
    found = read_stage(project, name, now=now)
    if found is None:
        raise ObjectNotFound(f'There is no stage "{name}" in project "{project.name}".')
    context = {
        "project": project,
        "active_tab": "pipeline",
        "stage": found,
        "why_not_promote": rights.refusal(Action.PROMOTE, name),
        "may_edit": rights.allows(Action.EDIT),
        "may_order": rights.allows(Action.ORDER_QUEUE, name),
        "may_abort": rights.allows(Action.ABORT, name),
        "may_hold": rights.allows(Action.HOLD, name),
        "now": now,
    }
    return render_page(request, "promotions/stage.html", partial="promotions/_stage.html", context=context)


@require_GET
def stage_card(request: HttpRequest, project_name: str, name: str) -> HttpResponse:
    """The card alone; 304 while it would read the same."""
    project = get_project_or_404(request.user, project_name, Action.VIEW)
    card = read_stage_card(project, name, Rights(request.user, project), now=timezone.now())
    if card is None:
        raise ObjectNotFound(f'There is no stage "{name}" in project "{project.name}".')
    context = {"project": project, "card": card, "now": timezone.now()}
    return render_part(request, "promotions/_stage_card.html", shown=card, context=context)
