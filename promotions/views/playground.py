"""The playground: what does this template give for this stage and freight? Reads only; secrets are masks."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from projects.access import Action, get_project_or_404
from projects.http import render_page
from projects.models import Project
from projects.request_context import actor_of
from promotions.engine.site import read_site
from promotions.forms.playground import STEP, PlaygroundForm
from promotions.queries.playground import Bench, read_bench
from promotions.queries.playground_environment import list_branches
from promotions.queries.playground_examples import example_for
from promotions.queries.playground_functions import list_groups
from promotions.queries.playground_results import Outcome, try_step, try_template


@require_GET
def playground(request: HttpRequest, project_name: str) -> HttpResponse:
    """The page; `?stage= &freight= &step=` choose, `?kind=step` brings the step's own YAML along."""
    project = get_project_or_404(request.user, project_name, Action.VIEW)
    chosen = {name: request.GET.get(name, "") for name in ("stage", "freight", "step")}
    bench = _bench(request, project, chosen)
    kind = STEP if request.GET.get("kind") == STEP else "template"
    text = request.GET.get("text") or (example_for(bench, kind) if bench else "")
    form = PlaygroundForm({**chosen, "kind": kind, "text": text})
    return _answer(request, project, form, bench)


@sensitive_post_parameters("text")
@require_POST
def playground_result(request: HttpRequest, project_name: str) -> HttpResponse:
    """What the text gives; with htmx the result alone, else the whole page. Changes nothing."""
    project = get_project_or_404(request.user, project_name, Action.VIEW)
    form = PlaygroundForm(request.POST)
    form.is_valid()
    bench = _bench(request, project, form.cleaned_data)
    return _answer(request, project, form, bench)


def _bench(request: HttpRequest, project: Project, chosen: dict[str, Any]) -> Bench | None:
    return read_bench(
        project,
        read_site(),
        stage_name=chosen.get("stage", ""),
        freight_key=chosen.get("freight", ""),
        step_alias=chosen.get("step", ""),
        actor_label=actor_of(request).label,
    )


def _answer(request: HttpRequest, project: Project, form: PlaygroundForm, bench: Bench | None) -> HttpResponse:
    outcome = _try(bench, form) if bench and form.is_valid() else Outcome()
    context = {
        "project": project,
        "active_tab": "tasks",
        "form": form,
        "bench": bench,
        "outcome": outcome,
        "branches": list_branches(bench) if bench else (),
        "groups": list_groups(),
        "is_relisted": bench is not None and form.data.get("listed") != bench.choice,
    }
    status = 200 if form.is_valid() else 422
    part = "promotions/_playground_result.html"
    return render_page(request, "promotions/playground.html", partial=part, context=context, status=status)


def _try(bench: Bench, form: PlaygroundForm) -> Outcome:
    attempt = try_step if form.cleaned_data["kind"] == STEP else try_template
    return attempt(bench, form.cleaned_data["text"])
