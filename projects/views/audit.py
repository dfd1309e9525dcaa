"""The audit log of a project: who did what, when, from where?"""

import csv
import io

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from projects.access import Action, Rights, get_project_or_404
from projects.forms.audit import AuditFilterForm
from projects.http import render_page
from projects.models import Project
from projects.queries.audit import AuditRow, find_audit_page, iterate_audit, list_audit_words

# More rows than this belong into a database dump, not into one answer of a web server.
_EXPORTED = 50_000
_COLUMNS = ("time", "actor", "action", "kind", "name", "facts", "reason", "ip_address", "request_id")


@require_GET
def audit(request: HttpRequest, project_name: str) -> HttpResponse:
    """Entries newest first; the filter and the place in the list are in the URL."""
    project = get_project_or_404(request.user, project_name, Action.VIEW)
    form = _read_filter(request, project)
    before = request.GET.get("before", "")
    page = find_audit_page(
        project,
        form.as_filter(),
        before=int(before) if before.isdecimal() and len(before) < 19 else None,
        sees_all=_sees_all(request, project),
    )
    context = {
        "project": project,
        "form": form,
        "page": page,
        "is_filtered": any(form.cleaned_data.values()),
        "active_tab": "audit",
    }
    return render_page(request, "projects/audit.html", context=context)


@require_GET
def audit_export(request: HttpRequest, project_name: str) -> HttpResponse:
    """The entries of the filter as a CSV file, newest first."""
    project = get_project_or_404(request.user, project_name, Action.VIEW)
    wanted = _read_filter(request, project).as_filter()
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for row in iterate_audit(project, wanted, limit=_EXPORTED, sees_all=_sees_all(request, project)):
        writer.writerow([_safe_cell(cell) for cell in _cells(row)])
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="audit-{project.name}.csv"'
    return response


def _sees_all(request: HttpRequest, project: Project) -> bool:
    """Who may see a credential's address on its page may see it here, and machines of people too."""
    return Rights(request.user, project).allows(Action.MANAGE_CREDENTIALS)


def _read_filter(request: HttpRequest, project: Project) -> AuditFilterForm:
    people, actions = list_audit_words(project)
    form = AuditFilterForm(request.GET, people=people, actions=actions)
    form.is_valid()
    return form


def _cells(row: AuditRow) -> list[str]:
    facts = "; ".join(f"{name}={value}" for name, value in row.facts)
    named = [row.actor, row.action, row.target_kind, row.target_name, facts]
    return [row.at.isoformat(), *named, row.reason, row.ip_address, row.request_id]


def _safe_cell(text: str) -> str:
    """A spreadsheet must not take a name for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
