"""One credential: give it a new secret or address, try it, or delete it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from projects.access import Action, get_project_or_404
from projects.credential_tests import request_test
from projects.credentials import delete_credential
from projects.errors import DomainError, ObjectNotFound
from projects.forms.credentials import SECRET_FIELDS, CredentialForm, CredentialTestForm
from projects.http import render_page
from projects.models import Credential
from projects.queries.credential import read_credential
from projects.request_context import actor_of
from projects.views.credentials import store

_SHOWN = ("name", "kind", "repo_url", "repo_url_is_regex", "username", "expires_on")


@require_GET
def credential(request: HttpRequest, project_name: str, name: str) -> HttpResponse:
    """The form with everything but the secret; its part shows how tests went."""
    found = _get_credential(request, project_name, name)
    return _render(request, found, _form_of(found))


@sensitive_post_parameters(*SECRET_FIELDS)
@require_POST
def credential_set(request: HttpRequest, project_name: str, name: str) -> HttpResponse:
    """Store what the form says; the name stays."""
    found = _get_credential(request, project_name, name)
    form = CredentialForm({**request.POST.dict(), "name": found.name})
    if found.project is None or not form.is_valid():
        return _render(request, found, form, status=422)
    try:
        store(request, found.project, form)
    except DomainError as error:
        form.add_error(None, error.message)
        return _render(request, found, form, status=error.status)
    return redirect("credentials", project_name)


@require_POST
def credential_test(request: HttpRequest, project_name: str, name: str) -> HttpResponse:
    """Have a worker try it; the result comes to the page by itself."""
    found = _get_credential(request, project_name, name)
    form = CredentialTestForm(request.POST)
    try:
        url = form.cleaned_data["repo_url"] if form.is_valid() else ""
        request_test(actor_of(request), found, repo_url=url, now=timezone.now())
    except DomainError as error:
        form.add_error(None, error.message)
        return _render(request, found, _form_of(found), test_form=form, status=error.status)
    return redirect("credential", project_name, found.name)


@require_POST
def credential_delete(request: HttpRequest, project_name: str, name: str) -> HttpResponse:
    """Forget it."""
    delete_credential(actor_of(request), _get_credential(request, project_name, name), now=timezone.now())
    return redirect("credentials", project_name)


def _get_credential(request: HttpRequest, project_name: str, name: str) -> Credential:
    project = get_project_or_404(request.user, project_name, Action.MANAGE_CREDENTIALS)
    found = Credential.objects.filter(project=project, name=name).select_related("project").first()
    if found is None:
        raise ObjectNotFound(f'There is no credential "{name}" in "{project_name}".')
    return found


def _form_of(found: Credential) -> CredentialForm:
    return CredentialForm(initial={**found.details, **{field: getattr(found, field) for field in _SHOWN}})


def _render(
    request: HttpRequest,
    found: Credential,
    form: CredentialForm,
    *,
    test_form: CredentialTestForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "project": found.project,
        "credential": found,
        "view": read_credential(found, now=timezone.now()),
        "test_form": test_form or CredentialTestForm(),
        "form": form,
        "active_tab": "members",
        "active_section": "credentials",
    }
    return render_page(
        request,
        "projects/credential.html",
        partial="projects/_credential_tests.html",
        context=context,
        status=status,
    )
