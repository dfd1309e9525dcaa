"""A preview: what a promotion would do, found out without doing it. Asking for one, and looking at it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from projects.access import Action, Rights, get_project_or_404
from projects.errors import ObjectNotFound, PermissionRefused
from projects.http import render_page, wants_partial
from projects.models import Project
from projects.request_context import actor_of
from promotions.models import Preview
from promotions.previews import find_refusal, request_check, request_preview
from promotions.queries.freight import get_freight
from promotions.queries.preview import find_preview, list_diff_texts, read_preview
from promotions.queries.promote import get_stages


@require_POST
def preview_request(request: HttpRequest, project_name: str) -> HttpResponse:
    """Ask for a preview of `freight` in `stage`; leads to its page, or gives its part to the page that asked."""
    project = get_project_or_404(request.user, project_name, Action.VIEW)
    rights, name = Rights(request.user, project), request.POST.get("stage", "")
    if refusal := find_refusal(rights, name):
        raise PermissionRefused(refusal)
    (stage,) = get_stages(project, [name])
    freight = get_freight(project, request.POST.get("freight", ""))
    made = request_preview(actor_of(request), stage, freight, now=timezone.now())
    if wants_partial(request):
        return _render(request, rights, made)
    return redirect("preview", project.name, made.pk)


@require_GET
def preview(request: HttpRequest, project_name: str, number: int) -> HttpResponse:
    """The page of one preview, and the part that follows it while it is made."""
    found, rights = _get(request, project_name, number)
    request_check(found, now=timezone.now())
    return _render(request, rights, found)


@require_GET
def preview_diff(request: HttpRequest, project_name: str, number: int) -> HttpResponse:
    """All diffs of one preview as plain text."""
    found, _ = _get(request, project_name, number)
    return HttpResponse("\n".join(list_diff_texts(found)), content_type="text/plain; charset=utf-8")


def _get(request: HttpRequest, project_name: str, number: int) -> tuple[Preview, Rights]:
    project: Project = get_project_or_404(request.user, project_name, Action.VIEW)
    found = find_preview(project, number)
    if found is None:
        raise ObjectNotFound(f'There is no preview {number} in project "{project.name}". Old ones are deleted.')
    return found, Rights(request.user, project)


def _render(request: HttpRequest, rights: Rights, found: Preview) -> HttpResponse:
    now = timezone.now()
    view = read_preview(found, rights, now=now)
    context = {"project": rights.project, "active_tab": "pipeline", "view": view, "now": now}
    return render_page(request, "promotions/preview.html", partial="promotions/_preview.html", context=context)
