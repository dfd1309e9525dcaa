"""Config maps of a project: which texts do expressions read here?"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from projects.access import Action, Rights, get_project_or_404
from projects.config_maps import set_config_map
from projects.errors import DomainError
from projects.forms.config_map import ConfigMapForm
from projects.http import render_page
from projects.models import ConfigMap, Project
from projects.queries.config_maps import list_config_maps
from projects.request_context import actor_of


@require_GET
def config_maps(request: HttpRequest, project_name: str) -> HttpResponse:
    """All of them with their texts, for every member."""
    return _render(request, get_project_or_404(request.user, project_name, Action.VIEW), ConfigMapForm())


@require_POST
def config_map_add(request: HttpRequest, project_name: str) -> HttpResponse:
    """Store a new one; a name that exists is refused, so that nothing is replaced by mistake."""
    project = get_project_or_404(request.user, project_name, Action.EDIT)
    form = ConfigMapForm(request.POST)
    if form.is_valid() and ConfigMap.objects.filter(project=project, name=form.cleaned_data["name"]).exists():
        form.add_error("name", "There is a config map of this name. Choose another, or change that one.")
    if not form.is_valid():
        return _render(request, project, form, status=422)
    try:
        set_config_map(actor_of(request), project=project, **form.as_arguments(), now=timezone.now())
    except DomainError as error:
        form.add_error(None, error.message)
        return _render(request, project, form, status=error.status)
    return redirect("config-maps", project.name)


def _render(request: HttpRequest, project: Project, form: ConfigMapForm, *, status: int = 200) -> HttpResponse:
    rights = Rights(request.user, project)
    context = {
        "project": project,
        "config_maps": list_config_maps(project),
        "shared": list_config_maps(None),
        "form": form,
        "can_edit": rights.allows(Action.EDIT),
        "why_not": rights.refusal(Action.EDIT),
        "active_tab": "members",
        "active_section": "config-maps",
    }
    return render_page(request, "projects/config_maps.html", context=context, status=status)
