"""What the page of one credential shows beside its form: tests, uses, and who set it when."""

from dataclasses import dataclass
from datetime import date, datetime

from projects.credential_rules import GENERIC
from projects.credential_state import say_expiry
from projects.models import AuditEntry, Credential

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class TestLine:
    """One test: what the host said, and what helps."""

    phase: str
    word: str
    repo_url: str
    said: str
    remedy: str
    asked_by: str
    asked_at: datetime
    is_live: bool


@dataclass(frozen=True, slots=True)
class Deed:
    """Somebody stored, changed or tested it."""

    at: datetime
    person: str
    did: str


@dataclass(frozen=True, slots=True)
class CredentialView:
    """Everything about a credential but its secret. `can_test` is False where there is nothing to try it at."""

    name: str
    tests: tuple[TestLine, ...]
    can_test: bool
    needs_url: bool
    last_used_at: datetime | None
    expires_on: date | None
    expiry: str
    history: tuple[Deed, ...]


def read_credential(row: Credential, *, now: datetime) -> CredentialView:
    """The view of one row; the sealed part is not read."""
    return CredentialView(
        name=row.name,
        tests=tuple(
            TestLine(
                phase=test.phase,
                word=test.get_phase_display(),
                repo_url=test.repo_url,
                said=test.said,
                remedy=test.remedy,
                asked_by=test.requested_by,
                asked_at=test.created_at,
                is_live=test.is_live,
            )
            for test in row.tests.all()
        ),
        can_test=row.kind != GENERIC,
        needs_url=row.repo_url_is_regex,
        last_used_at=row.last_used_at,
        expires_on=row.expires_on,
        expiry=say_expiry(row.expires_on, today=now.date()),
        history=_list_deeds(row),
    )


def _list_deeds(row: Credential) -> tuple[Deed, ...]:
    entries = AuditEntry.objects.filter(
        project=row.project, target_kind="Credential", target_name=row.name, action__in=("created", "changed")
    )
    return tuple(Deed(entry.at, entry.actor_name, _say(entry)) for entry in entries[:_SHOWN])


def _say(entry: AuditEntry) -> str:
    if entry.action == "created":
        return "stored it"
    return "set a new secret" if entry.facts.get("secretChanged") else "changed it and kept the secret"
