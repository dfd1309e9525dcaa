"""The catalogue of steps: what kinds there are, each with a page where its config can be tried."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from projects.access import Action, get_project_or_404
from projects.http import render_page, wants_partial
from projects.models import Project
from promotions.forms.step_config import StepConfigForm
from promotions.queries.steps import get_step, list_step_rows, read_example, read_step_page


@require_GET
def step_list(request: HttpRequest, project_name: str) -> HttpResponse:
    """All kinds, or with `?q=` those that hold these words."""
    project = get_project_or_404(request.user, project_name, Action.VIEW)
    search = request.GET.get("q", "")
    context = {"project": project, "active_tab": "tasks", "search": search, "steps": list_step_rows(search)}
    return render_page(
        request, "promotions/step_list.html", partial="promotions/step_list_table.html", context=context
    )


@require_GET
def step_kind(request: HttpRequest, project_name: str, kind: str) -> HttpResponse:
    """One kind; its form begins empty, or with `?example=1` filled in as the example."""
    project = get_project_or_404(request.user, project_name, Action.VIEW)
    step = get_step(kind)
    example = read_example(read_step_page(step)) if request.GET.get("example") == "1" else None
    return _answer(request, project, StepConfigForm.from_config(step, example))


@sensitive_post_parameters()
@require_POST
def step_config(request: HttpRequest, project_name: str, kind: str) -> HttpResponse:
    """What was typed as YAML, with its errors; nothing is kept."""
    project = get_project_or_404(request.user, project_name, Action.VIEW)
    data = request.POST.dict()
    if wants_partial(request) and not _is_redrawn(request):
        # A browser adds the button pressed last to what it sends while somebody types.
        data = {name: value for name, value in data.items() if name not in ("add", "remove")}
    return _answer(request, project, StepConfigForm.from_post(get_step(kind), data))


def _is_redrawn(request: HttpRequest) -> bool:
    """The whole form is swapped: it has another shape."""
    return request.headers.get("HX-Target") == "step-config"


def _answer(request: HttpRequest, project: Project, form: StepConfigForm) -> HttpResponse:
    is_redrawn = _is_redrawn(request)
    part = "step_config.html" if is_redrawn else "step_config_result.html"
    context = {
        "project": project,
        "active_tab": "tasks",
        "page": read_step_page(form.step),
        "form": form,
        # Errors of fields are sent beside the result when only this is swapped.
        "is_swapped": not is_redrawn,
    }
    status = 200 if form.is_valid() else 422
    return render_page(
        request, "promotions/step_kind.html", partial=f"promotions/{part}", context=context, status=status
    )
