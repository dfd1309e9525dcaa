"""What the page of a project's credentials shows; secret values are not even loaded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from projects.credential_rules import GENERIC
from projects.credential_state import say_expiry
from projects.models import AuditEntry, Credential, CredentialTest, Project

_UNUSED_AFTER = timedelta(days=30)
_LIVE = ("Pending", "Running")


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
    last_used_at: datetime | None = None
    # Nothing has used it for a month, though it is there as long.
    is_unused: bool = False
    expires_on: date | None = None
    # "expired", "soon" or empty.
    expiry: str = ""
    # Phase of the newest test that ended, and when.
    tested: str = ""
    tested_at: datetime | None = None


def list_credentials(project: Project, *, now: datetime) -> list[CredentialRow]:
    """The project's own credentials by name."""
    rows = list(Credential.objects.filter(project=project).defer("sealed"))
    authors = _find_authors(project, [row.name for row in rows])
    tests = _find_tests(rows)
    return [_row(row, authors.get(row.name, ""), tests.get(row.pk), now=now) for row in rows]


def list_shared_credentials(*, now: datetime) -> list[CredentialRow]:
    """Credentials that every project may use, by name."""
    return [_row(row, "", None, now=now) for row in Credential.objects.filter(project=None).defer("sealed")]


def _find_tests(rows: Sequence[Credential]) -> dict[int, CredentialTest]:
    """The newest test of each that ended."""
    ended = CredentialTest.objects.filter(credential__in=[row.pk for row in rows]).exclude(phase__in=_LIVE)
    return {test.credential_id: test for test in ended.order_by("pk")}


def _find_authors(project: Project, names: Sequence[str]) -> dict[str, str]:
    """Who stored each credential last."""
    entries = AuditEntry.objects.filter(
        project=project,
        target_kind="Credential",
        target_name__in=names,
        action__in=("created", "changed"),
    ).order_by("at", "pk")
    return dict(entries.values_list("target_name", "actor_name"))


def _row(row: Credential, set_by: str, test: CredentialTest | None, *, now: datetime) -> CredentialRow:
    last_sign = max(row.set_at, row.last_used_at or row.set_at)
    return CredentialRow(
        name=row.name,
        kind=row.get_kind_display(),
        repo_url=row.repo_url,
        repo_url_is_regex=row.repo_url_is_regex,
        username=row.username,
        set_at=row.set_at,
        set_by=set_by,
        last_used_at=row.last_used_at,
        is_unused=row.kind != GENERIC and now - last_sign > _UNUSED_AFTER,
        expires_on=row.expires_on,
        expiry=say_expiry(row.expires_on, today=now.date()),
        tested=test.phase if test else "",
        tested_at=test.finished_at if test else None,
    )
