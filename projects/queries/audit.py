"""What the audit page of a project shows: entries newest first, page by page, filtered."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Q, QuerySet

from projects.models import AuditEntry, Project

_PAGE = 50
# Facts for owners only, by kind.
_CLOSED: dict[str, frozenset[str]] = {"Credential": frozenset({"repoURL"})}


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What to show: empty means all. `target` is part of a kind or name; days are whole days, ends included."""

    person: str = ""
    action: str = ""
    target: str = ""
    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One deed. `facts` are pairs of a name and its value as text."""

    key: int
    at: datetime
    actor: str
    action: str
    target_kind: str
    target_name: str
    facts: tuple[tuple[str, str], ...]
    reason: str
    ip_address: str
    request_id: str


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Some rows; `older` is the key to ask for the next ones with, None at the end."""

    rows: tuple[AuditRow, ...]
    older: int | None


def find_audit_page(project: Project, wanted: AuditFilter, *, before: int | None, sees_all: bool) -> AuditPage:
    """The newest entries, or those older than the entry `before`.

    Without `sees_all` they are without addresses: of people's machines, and of what credentials open.
    """
    entries = _filtered(project, wanted)
    last = AuditEntry.objects.filter(project=project, pk=before).first() if before else None
    if last is not None:
        entries = entries.filter(Q(at__lt=last.at) | Q(at=last.at, pk__lt=last.pk))
    rows = [_row(entry, sees_all=sees_all) for entry in entries[: _PAGE + 1]]
    return AuditPage(tuple(rows[:_PAGE]), rows[_PAGE - 1].key if len(rows) > _PAGE else None)


def iterate_audit(project: Project, wanted: AuditFilter, *, limit: int, sees_all: bool) -> Iterator[AuditRow]:
    """All entries of a filter, newest first, at most `limit`; `sees_all` as of `find_audit_page`."""
    for entry in _filtered(project, wanted)[:limit].iterator():
        yield _row(entry, sees_all=sees_all)


def list_audit_words(project: Project) -> tuple[list[str], list[str]]:
    """Who acted and what was done here, for the choices of the filter."""
    entries = AuditEntry.objects.filter(project=project).order_by()
    people = sorted(set(entries.values_list("actor_name", flat=True).distinct()))
    actions = sorted(set(entries.values_list("action", flat=True).distinct()))
    return people, actions


def _filtered(project: Project, wanted: AuditFilter) -> QuerySet[AuditEntry]:
    entries = AuditEntry.objects.filter(project=project)
    if wanted.person:
        entries = entries.filter(actor_name=wanted.person)
    if wanted.action:
        entries = entries.filter(action=wanted.action)
    for word in wanted.target.replace("/", " ").split():
        entries = entries.filter(Q(target_kind__icontains=word) | Q(target_name__icontains=word))
    if wanted.first_day:
        entries = entries.filter(at__date__gte=wanted.first_day)
    if wanted.last_day:
        entries = entries.filter(at__date__lte=wanted.last_day)
    return entries


def _row(entry: AuditEntry, *, sees_all: bool) -> AuditRow:
    closed = frozenset() if sees_all else _CLOSED.get(entry.target_kind, frozenset())
    facts = {name: value for name, value in entry.facts.items() if name not in closed}
    return AuditRow(
        key=entry.pk,
        at=entry.at,
        actor=entry.actor_name,
        action=entry.action,
        target_kind=entry.target_kind,
        target_name=entry.target_name,
        facts=tuple(_describe_facts(facts)),
        reason=entry.reason,
        ip_address=(entry.ip_address or "") if sees_all else "",
        request_id=entry.request_id,
    )


def _describe_facts(facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in facts.items():
        if value in (None, "", [], {}):
            continue
        yield name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
