"""Credentials of a project: what may we reach?"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from projects.access import Action, Rights, get_project_or_404
from projects.credentials import set_credential
from projects.errors import DomainError
from projects.forms.credentials import SECRET_FIELDS, CredentialForm
from projects.http import render_page
from projects.models import Credential, Project
from projects.queries.credentials import list_credentials, list_shared_credentials
from projects.request_context import actor_of


@require_GET
def credentials(request: HttpRequest, project_name: str) -> HttpResponse:
    """Names and kinds for every member; owners also see addresses and the form that adds one."""
    project = get_project_or_404(request.user, project_name, Action.VIEW)
    return _render(request, project, CredentialForm())


@sensitive_post_parameters(*SECRET_FIELDS)
@require_POST
def credential_add(request: HttpRequest, project_name: str) -> HttpResponse:
    """Store a new credential; a name that exists is refused, so that nothing is replaced by mistake."""
    project = get_project_or_404(request.user, project_name, Action.MANAGE_CREDENTIALS)
    form = CredentialForm(request.POST)
    if form.is_valid() and Credential.objects.filter(project=project, name=form.cleaned_data["name"]).exists():
        form.add_error("name", "There is a credential of this name. Choose another, or change that one.")
    if not form.is_valid():
        return _render(request, project, form, status=422)
    try:
        store(request, project, form)
    except DomainError as error:
        form.add_error(None, error.message)
        return _render(request, project, form, status=error.status)
    return redirect("credentials", project.name)


def store(request: HttpRequest, project: Project, form: CredentialForm) -> None:
    """Hand a valid form to the domain. Raises DomainError."""
    data = form.cleaned_data
    set_credential(
        actor_of(request),
        project=project,
        name=data["name"],
        kind=data["kind"],
        repo_url=data["repo_url"],
        repo_url_is_regex=data["repo_url_is_regex"],
        username=data["username"],
        details=form.details(),
        expires_on=data["expires_on"],
        secrets=form.secrets(),
        now=timezone.now(),
    )


def _render(request: HttpRequest, project: Project, form: CredentialForm, *, status: int = 200) -> HttpResponse:
    rights, now = Rights(request.user, project), timezone.now()
    context = {
        "project": project,
        "credentials": list_credentials(project, now=now),
        "shared": list_shared_credentials(now=now),
        "form": form,
        "can_manage": rights.allows(Action.MANAGE_CREDENTIALS),
        "why_not": rights.refusal(Action.MANAGE_CREDENTIALS),
        "active_tab": "members",
        "active_section": "credentials",
    }
    return render_page(request, "projects/credentials.html", context=context, status=status)
