"""Manifests of a project: what is it made of, and what would these manifests change?"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from projects.access import Action, get_project_or_404
from promotions.forms.manifests import ManifestsForm
from promotions.queries.manifests import export_text
from promotions.views.manifests_flow import Desk, apply_text, preview_text, show_form


@require_GET
def manifests(request: HttpRequest, project_name: str) -> HttpResponse:
    """The form; with `?start=export` it holds the project as it is."""
    project = get_project_or_404(request.user, project_name, Action.VIEW)
    text = export_text(project) if request.GET.get("start") == "export" else ""
    return show_form(request, Desk(project), ManifestsForm(initial={"text": text}))


@require_POST
@sensitive_post_parameters("text")
def manifests_preview(request: HttpRequest, project_name: str) -> HttpResponse:
    """What the manifests would change. Reading YAML costs time, so it is done for those who may edit only."""
    project = get_project_or_404(request.user, project_name, Action.EDIT)
    return preview_text(request, Desk(project))


@require_POST
@sensitive_post_parameters("text")
def manifests_apply(request: HttpRequest, project_name: str) -> HttpResponse:
    """Do what was previewed; which rights it needs beyond editing depends on what changes."""
    project = get_project_or_404(request.user, project_name, Action.EDIT)
    return apply_text(request, Desk(project)) or redirect("manifests", project.name)


@require_GET
def manifests_export(request: HttpRequest, project_name: str) -> HttpResponse:
    """The project as one YAML file that apply reads."""
    project = get_project_or_404(request.user, project_name, Action.VIEW)
    response = HttpResponse(export_text(project), content_type="application/yaml; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{project.name}.yaml"'
    return response
