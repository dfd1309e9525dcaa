"""What the page of a project's credentials shows; secret values are not even loaded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from projects.models import AuditEntry, Credential, Project


@dataclass(frozen=True, slots=True)
class CredentialRow:
    """One credential. `set_by` is empty for what was stored before there was a record."""

    name: str
    kind: str
    repo_url: str
    repo_url_is_regex: bool
    username: str
    set_at: datetime
    set_by: str


def list_credentials(project: Project) -> list[CredentialRow]:
    """The project's own credentials by name."""
    rows = list(Credential.objects.filter(project=project).defer("sealed"))
    authors = _find_authors(project, [row.name for row in rows])
    return [_row(row, authors.get(row.name, "")) for row in rows]


def list_shared_credentials() -> list[CredentialRow]:
    """Credentials that every project may use, by name."""
    return [_row(row, "") for row in Credential.objects.filter(project=None).defer("sealed")]


def _find_authors(project: Project, names: Sequence[str]) -> dict[str, str]:
    """Who stored each credential last."""
    entries = AuditEntry.objects.filter(
        project=project,
        target_kind="Credential",
        target_name__in=names,
        action__in=("created", "changed"),
    ).order_by("at", "pk")
    return dict(entries.values_list("target_name", "actor_name"))


def _row(row: Credential, set_by: str) -> CredentialRow:
    return CredentialRow(
        name=row.name,
        kind=row.get_kind_display(),
        repo_url=row.repo_url,
        repo_url_is_regex=row.repo_url_is_regex,
        username=row.username,
        set_at=row.set_at,
        set_by=set_by,
    )
