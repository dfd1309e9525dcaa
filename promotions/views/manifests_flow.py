"""Preview, then apply: the part that the manifests of one project and of the whole site have in common."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from projects.access import Action, Rights
from projects.errors import PermissionRefused, StaleVersion
from projects.http import render_page
from projects.models import Project
from projects.request_context import actor_of
from promotions.changesets import apply_changes
from promotions.forms.manifests import ManifestsForm
from promotions.queries.manifests import Preview, preview_changes

_CHANGED = "What would happen is not what you saw: the text or the project changed. Look again, then apply."


@dataclass(frozen=True, slots=True)
class Desk:
    """Where manifests are worked on: one project, or without it the whole site."""

    project: Project | None

    @property
    def scope(self) -> str | None:
        """The only project that may be touched."""
        return self.project.name if self.project else None

    def url(self, act: str) -> str:
        """Address of `preview` or `apply` here."""
        if self.project:
            return reverse(f"manifests-{act}", args=[self.project.name])
        return reverse(f"manifests-new-{act}")


def show_form(
    request: HttpRequest,
    desk: Desk,
    form: ManifestsForm,
    *,
    preview: Preview | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    """The form with the preview below it."""
    context = {
        "project": desk.project,
        "no_edit": Rights(request.user, desk.project).refusal(Action.EDIT) if desk.project else "",
        "form": form,
        "preview": preview,
        "refusal": refusal,
        "preview_url": desk.url("preview"),
        "apply_url": desk.url("apply"),
        "active_tab": "manifests",
    }
    return render_page(request, "promotions/manifests.html", context=context, status=status)


def preview_text(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show what the text of the request would change."""
    form = ManifestsForm(request.POST, request.FILES)
    if not form.is_valid():
        return show_form(request, desk, form, status=422)
    preview = preview_changes(request.user, form.cleaned_data["text"], scope=desk.scope)
    status = 422 if preview.change_set.errors else 200
    return show_form(request, desk, _filled(form, preview), preview=preview, status=status)


def apply_text(request: HttpRequest, desk: Desk) -> HttpResponse | None:
    """Apply the text if it does what its digest names; None when done. Raises PermissionRefused."""
    form = ManifestsForm(request.POST, request.FILES)
    if not form.is_valid():
        return show_form(request, desk, form, status=422)
    text = form.cleaned_data["text"]
    preview = preview_changes(request.user, text, scope=desk.scope)
    if preview.change_set.errors:
        return show_form(request, desk, _filled(form, preview), preview=preview, status=422)
    if preview.refusals:
        raise PermissionRefused(" ".join(preview.refusals))
    if form.cleaned_data["digest"] != preview.digest:
        return show_form(
            request, desk, _filled(form, preview), preview=preview, refusal=_CHANGED, status=StaleVersion.status
        )
    apply_changes(actor_of(request), preview.change_set, now=timezone.now())
    messages.success(request, _describe(preview))
    return None


def _filled(form: ManifestsForm, preview: Preview) -> ManifestsForm:
    """The form for the next step: the text as it was read, and the digest of what is shown."""
    return ManifestsForm(initial={"text": form.cleaned_data["text"], "digest": preview.digest})


def _describe(preview: Preview) -> str:
    count = len(preview.changes)
    return f"Applied: {count} object{'' if count == 1 else 's'} created or updated."
