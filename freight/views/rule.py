"""Tries a rule of one subscription before it is saved: on what was found last, or by a real look of a worker."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from freight.models import Subscription, Warehouse
from freight.queries.rule import (
    RuleResult,
    check_against_last,
    describe_rule,
    get_subscription,
    get_trial,
    read_trial,
)
from freight.queries.warehouses import get_warehouse
from freight.rule_text import read_rule
from freight.rule_trials import request_trial
from projects.access import Action, get_project_or_404
from projects.http import render_page, wants_partial
from projects.models import Project
from projects.request_context import actor_of


@require_GET
def rule(request: HttpRequest, project_name: str, name: str, position: int) -> HttpResponse:
    """The form; `?trial=` shows what a real look found, and is asked for again while it goes on."""
    project = get_project_or_404(request.user, project_name, Action.EDIT)
    warehouse = get_warehouse(project, name)
    row, number = get_subscription(warehouse, position), request.GET.get("trial", "")
    if not number:
        return _render(request, project, warehouse, row)
    trial = get_trial(warehouse, position, number)
    return _render(request, project, warehouse, row, text=trial.text, result=read_trial(trial))


@require_POST
def rule_test(request: HttpRequest, project_name: str, name: str, position: int) -> HttpResponse:
    """Try the text: `do=look` has a worker look, anything else judges what was found last. Saves no rule."""
    project = get_project_or_404(request.user, project_name, Action.EDIT)
    warehouse = get_warehouse(project, name)
    row, text = get_subscription(warehouse, position), request.POST.get("rule", "")
    parsed, faults = read_rule(text)
    if parsed is None:
        result = RuleResult(is_real=False, phase="Failed", word="Not a rule", faults=faults)
        return _render(request, project, warehouse, row, text=text, result=result, status=422)
    if request.POST.get("do") != "look":
        result = check_against_last(warehouse, row, parsed)
        return _render(request, project, warehouse, row, text=text, result=result)
    trial = request_trial(actor_of(request), warehouse, position, parsed, text=text, now=timezone.now())
    if wants_partial(request):
        return _render(request, project, warehouse, row, text=text, result=read_trial(trial))
    return redirect(f"{reverse('warehouse-rule', args=(project.name, name, position))}?trial={trial.pk}")


def _render(
    request: HttpRequest,
    project: Project,
    warehouse: Warehouse,
    row: Subscription,
    *,
    text: str = "",
    result: RuleResult | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "project": project,
        "active_tab": "warehouses",
        "position": row.position,
        "view": describe_rule(warehouse, row, text=text, result=result),
        "now": timezone.now(),
    }
    part = "freight/_rule_result.html"
    return render_page(request, "freight/rule.html", partial=part, context=context, status=status)
