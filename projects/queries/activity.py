"""What the page of events shows: newest first, page by page, of one kind or of all."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from projects.models import Event, Project

_PAGE = 50
_ENDINGS = {
    "Succeeded": "Succeeded",
    "Failed": "Failed",
    "Errored": "Errored",
    "Aborted": "Aborted",
    "Inconclusive": "Inconclusive",
    "Approved": "Approved",
    "Retried": "Queued",
    "Created": "Queued",
}


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event. `phase` is the status word that stands for its kind."""

    key: int
    at: datetime
    kind: str
    phase: str
    message: str
    actor: str
    target_kind: str
    target_name: str


@dataclass(frozen=True, slots=True)
class EventPage:
    """Some rows; `older` is the key to ask for the next ones with, None at the end. `kinds`: those that happened."""

    rows: tuple[EventRow, ...]
    older: int | None
    kinds: tuple[str, ...]


def find_event_page(project: Project, *, kind: str, before: int | None) -> EventPage:
    """The newest events, or those older than the event `before`; `kind` empty means all."""
    everything = Event.objects.filter(project=project)
    kinds = tuple(sorted(set(everything.order_by().values_list("kind", flat=True).distinct())))
    events = everything.filter(kind=kind) if kind else everything
    last = everything.filter(pk=before).first() if before else None
    if last is not None:
        events = events.filter(Q(at__lt=last.at) | Q(at=last.at, pk__lt=last.pk))
    rows = [_row(event) for event in events[: _PAGE + 1]]
    return EventPage(tuple(rows[:_PAGE]), rows[_PAGE - 1].key if len(rows) > _PAGE else None, kinds)


def _row(event: Event) -> EventRow:
    phase = next((word for ending, word in _ENDINGS.items() if event.kind.endswith(ending)), "On")
    prefix, _, name = event.actor_label.partition(":")
    actor = name if prefix in ("email", "controller", "subject") and name else event.actor_label
    return EventRow(event.pk, event.at, event.kind, phase, event.message, actor, event.target_kind, event.target_name)
