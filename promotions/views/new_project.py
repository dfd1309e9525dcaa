"""New projects by manifests, and what all projects share; for system administrators."""

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from projects.errors import PermissionRefused
from promotions.forms.manifests import ManifestsForm
from promotions.views.manifests_flow import Desk, apply_text, preview_text, show_form

_EXAMPLE = """\
apiVersion: kargo.akuity.io/v1alpha1
kind: Project
metadata:
  name: my-project
"""


@require_GET
def new_project(request: HttpRequest) -> HttpResponse:
    """The form with the smallest project in it."""
    _require_admin(request)
    return show_form(request, Desk(None), ManifestsForm(initial={"text": _EXAMPLE}))


@require_POST
@sensitive_post_parameters("text")
def new_project_preview(request: HttpRequest) -> HttpResponse:
    """What the manifests would change anywhere."""
    _require_admin(request)
    return preview_text(request, Desk(None))


@require_POST
@sensitive_post_parameters("text")
def new_project_apply(request: HttpRequest) -> HttpResponse:
    """Do what was previewed; who makes a project becomes its first owner."""
    _require_admin(request)
    return apply_text(request, Desk(None)) or redirect("projects")


def _require_admin(request: HttpRequest) -> None:
    if request.user.is_superuser:
        return
    admins = User.objects.filter(is_superuser=True, is_active=True).order_by("username")
    names = ", ".join(admins.values_list("username", flat=True)[:5]) or "whoever runs this site"
    raise PermissionRefused(f"Only a system administrator may create projects. Ask: {names}.")
