"""The pipeline: where is everything, what is stuck, what may move? And its live parts."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from projects.access import Action, Rights, get_project_or_404
from projects.http import render_page
from projects.parts import render_part
from promotions.queries.pipeline import read_band, read_exceptions, read_pipeline

_VIEWS = ("map", "list")


@require_GET
def pipeline(request: HttpRequest, project_name: str) -> HttpResponse:
    """Timeline and map, or the stages as a list; the part under the same address is the map or the list."""
    project = get_project_or_404(request.user, project_name, Action.VIEW)
    rights = Rights(request.user, project)
    now = timezone.now()
    wanted = request.GET.get("view", "")
    view = wanted if wanted in _VIEWS else "map"
    show = request.GET.get("show", "") if view == "list" else ""
    context = {
        "project": project,
        "active_tab": "pipeline",
        "pipeline": read_pipeline(project, rights, show=show, now=now),
        "view": view,
        "show": show,
        "may_refresh": rights.allows(Action.REFRESH),
        "now": now,
    }
    part = f"promotions/_pipeline_{view}.html"
    return render_page(request, "promotions/pipeline.html", partial=part, context=context)


@require_GET
def freight_band(request: HttpRequest, project_name: str) -> HttpResponse:
    """The timeline alone."""
    project = get_project_or_404(request.user, project_name, Action.VIEW)
    timeline = read_band(project)
    context = {"project": project, "timeline": timeline, "now": timezone.now()}
    return render_part(request, "promotions/_timeline.html", shown=timeline, context=context)


@require_GET
def pipeline_exceptions(request: HttpRequest, project_name: str) -> HttpResponse:
    """How many stages need a look."""
    project = get_project_or_404(request.user, project_name, Action.VIEW)
    exceptions = read_exceptions(project, now=timezone.now())
    context = {"project": project, "exceptions": exceptions}
    return render_part(request, "promotions/_exceptions.html", shown=exceptions, context=context)
