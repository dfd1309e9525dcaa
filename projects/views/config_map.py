"""One config map: change its texts, or delete it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from projects.access import Action, get_project_or_404
from projects.config_maps import delete_config_map, set_config_map
from projects.errors import DomainError, ObjectNotFound
from projects.forms.config_map import ConfigMapForm, write_texts
from projects.http import render_page
from projects.models import ConfigMap
from projects.request_context import actor_of


@require_GET
def config_map(request: HttpRequest, project_name: str, name: str) -> HttpResponse:
    """The form with its texts."""
    found = _get_config_map(request, project_name, name)
    return _render(request, found, ConfigMapForm(initial={"name": found.name, "texts": write_texts(found.data)}))


@require_POST
def config_map_set(request: HttpRequest, project_name: str, name: str) -> HttpResponse:
    """Store what the form says; the name stays."""
    found = _get_config_map(request, project_name, name)
    form = ConfigMapForm({**request.POST.dict(), "name": found.name})
    if not form.is_valid():
        return _render(request, found, form, status=422)
    try:
        set_config_map(actor_of(request), project=found.project, **form.as_arguments(), now=timezone.now())
    except DomainError as error:
        form.add_error(None, error.message)
        return _render(request, found, form, status=error.status)
    return redirect("config-maps", project_name)


@require_POST
def config_map_delete(request: HttpRequest, project_name: str, name: str) -> HttpResponse:
    """Forget it."""
    delete_config_map(actor_of(request), _get_config_map(request, project_name, name), now=timezone.now())
    return redirect("config-maps", project_name)


def _get_config_map(request: HttpRequest, project_name: str, name: str) -> ConfigMap:
    project = get_project_or_404(request.user, project_name, Action.EDIT)
    found = ConfigMap.objects.filter(project=project, name=name).select_related("project").first()
    if found is None:
        raise ObjectNotFound(f'There is no config map "{name}" in "{project_name}".')
    return found


def _render(request: HttpRequest, found: ConfigMap, form: ConfigMapForm, *, status: int = 200) -> HttpResponse:
    context = {
        "project": found.project,
        "config_map": found,
        "form": form,
        "active_tab": "members",
        "active_section": "config-maps",
    }
    return render_page(request, "projects/config_map.html", context=context, status=status)
