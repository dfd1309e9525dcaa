"""The freight timeline: the newest freight and all that is in use, with how far each got."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.db.models import Count, OuterRef, Q, Subquery
from django.utils import timezone

from freight.models import Artifact, Freight
from freight.queries.origins import letter_of
from projects.models import Project
from promotions.gates import ProjectFacts
from promotions.models import Stage
from promotions.phases import Phase, VerificationPhase
from promotions.queries.freight_artifacts import (
    ArtifactLine,
    list_lines,
    newest_commit,
    read_artifacts,
)
from promotions.queries.stage_states import StageStates

NEWEST = 20
_MOST_OLD = 60
_LINES = 3
_CHIPS = 4
_REFUSED = (VerificationPhase.FAILED, VerificationPhase.ERROR)


@dataclass(frozen=True, slots=True)
class Berth:
    """One stage on a freight card. `phase` is a status word, `label` the sentence for screen readers."""

    code: str
    depth: int
    stage: str
    phase: str
    label: str
    is_outline: bool = False


@dataclass(frozen=True, slots=True)
class FreightCard:
    """One card. `day` is set on the first card of a day: 0 today, 1 yesterday, else a date."""

    alias: str
    name: str
    letter: str
    origin: str
    at: datetime
    artifacts: tuple[ArtifactLine, ...]
    more: int
    subject: str
    author: str
    berths: tuple[Berth, ...]
    more_berths: int
    is_in_use: bool
    day: date | None = None
    # Freight between this card and the one before it that is not shown.
    folded: int = 0
    # Where the list of what is folded begins: the name of the card before.
    fold_after: str = ""


@dataclass(frozen=True, slots=True)
class Timeline:
    """Cards, newest first. `older` counts what follows the last one, whose name is `last`."""

    cards: tuple[FreightCard, ...]
    older: int
    last: str
    total: int


def list_used(states: StageStates, approved: Iterable[int]) -> set[int]:
    """Primary keys of freight that is in a stage, on its way into one, or approved for one."""
    used = {stay.freight_id for own in states.stays.values() for stay in own.values()}
    used |= {promotion.freight_id or 0 for queue in states.queued.values() for promotion in queue}
    running = [stage.current_promotion for stage in states.stages]
    used |= {p.freight_id or 0 for p in running if p is not None and p.phase == Phase.RUNNING}
    return (used | set(approved)) - {0}


def read_timeline(
    project: Project,
    candidates: Sequence[Freight],
    states: StageStates,
    facts: ProjectFacts,
    letters: Mapping[str, str],
) -> Timeline:
    """`candidates` newest first, at least the newest ones and all that is in use. Four queries."""
    approved = {freight.pk for freight in candidates if facts.marks_of(freight).approved}
    used = list_used(states, approved)
    old = [freight for freight in candidates[NEWEST:] if freight.pk in used][:_MOST_OLD]
    shown = [*candidates[:NEWEST], *old]
    ranks, total = _rank(project, shown)
    previous = _find_previous(shown)
    artifacts = read_artifacts({freight.pk for freight in shown} | set(previous.values()))
    berths = _Berths(states, facts)
    cards: list[FreightCard] = []
    before, day = "", None
    for freight, rank in zip(shown, ranks, strict=True):
        card = _card(freight, artifacts, previous.get(freight.pk), letters, berths.of(freight))
        own_day = timezone.localdate(freight.discovered_at)
        folded = rank - (ranks[len(cards) - 1] if cards else -1) - 1
        cards.append(replace(card, day=own_day if own_day != day else None, folded=folded, fold_after=before))
        before, day = freight.name, own_day
    older = total - ranks[-1] - 1 if ranks else 0
    return Timeline(tuple(cards), older, before, total)


def _rank(project: Project, shown: Sequence[Freight]) -> tuple[list[int], int]:
    """How much freight of the project is newer than each; and how much there is in all. One query."""
    tail = shown[NEWEST:]
    newer = {
        f"n{index}": Count(
            "pk",
            filter=Q(discovered_at__gt=freight.discovered_at)
            | Q(discovered_at=freight.discovered_at, name__gt=freight.name),
        )
        for index, freight in enumerate(tail)
    }
    counted = Freight.objects.filter(project=project).order_by().aggregate(total=Count("pk"), **newer)
    ranks = [*range(len(shown) - len(tail)), *(counted[f"n{index}"] for index in range(len(tail)))]
    return ranks, counted["total"]


def _find_previous(shown: Collection[Freight]) -> dict[int, int]:
    """The freight before each one of the same warehouse; nothing for the first of a warehouse."""
    before = Freight.objects.filter(
        warehouse=OuterRef("warehouse"), discovered_at__lt=OuterRef("discovered_at")
    ).values("pk")[:1]
    rows = Freight.objects.filter(pk__in=[freight.pk for freight in shown]).order_by()
    pairs = rows.annotate(before=Subquery(before)).values_list("pk", "before")
    return {pk: previous for pk, previous in pairs if previous is not None}


def _card(
    freight: Freight,
    artifacts: Mapping[int, Sequence[Artifact]],
    previous: int | None,
    letters: Mapping[str, str],
    berths: tuple[Berth, ...],
) -> FreightCard:
    own = artifacts.get(freight.pk, ())
    lines = list_lines(own, artifacts.get(previous, ()) if previous else None)
    commit = newest_commit(own, lines)
    room = _LINES if len(lines) <= _LINES else _LINES - 1
    return FreightCard(
        alias=freight.alias,
        name=freight.name,
        letter=letter_of(letters, freight.warehouse_name),
        origin=freight.warehouse_name,
        at=freight.discovered_at,
        artifacts=lines[:room],
        more=len(lines) - len(lines[:room]),
        subject=commit.message if commit else "",
        author=_name_only(commit.author) if commit else "",
        berths=berths[:_CHIPS],
        more_berths=len(berths[_CHIPS:]),
        is_in_use=any(not berth.is_outline for berth in berths),
    )


def _name_only(author: str) -> str:
    """`Kim Ito <kim@example.com>` is Kim Ito."""
    return author.partition("<")[0].strip() or author


class _Berths:
    """Finds the stages that freight is in, on its way into, or was refused by, in the order of the map."""

    def __init__(self, states: StageStates, facts: ProjectFacts) -> None:
        self._states, self._facts = states, facts

    def of(self, freight: Freight) -> tuple[Berth, ...]:
        """All of them for one piece of freight."""
        found = (self._berth(stage, freight) for stage in self._states.stages if not stage.is_control_flow)
        return tuple(berth for berth in found if berth is not None)

    def _berth(self, stage: Stage, freight: Freight) -> Berth | None:
        current, last = stage.current_promotion, stage.last_promotion
        if current and current.phase == Phase.RUNNING and current.freight_id == freight.pk:
            return self._make(stage, "Running", f"Being promoted to {stage.name}")
        if any(promotion.freight_id == freight.pk for promotion in self._states.queued.get(stage.pk, ())):
            return self._make(stage, "Queued", f"Queued for {stage.name}")
        marks = self._facts.marks_of(freight)
        if stage.name in marks.present:
            verification = self._states.verifications.get(stage.pk)
            if stage.name in marks.verified:
                return self._make(stage, "Verified", f"In {stage.name}, verified")
            if verification and verification.phase in _REFUSED:
                return self._make(stage, "Failed", f"In {stage.name}, verification failed")
            return self._make(stage, "Empty", f"In {stage.name}, not verified")
        if last and last.phase in (Phase.FAILED, Phase.ERRORED) and last.freight_id == freight.pk:
            return self._make(stage, "Failed", f"Promotion to {stage.name} failed", is_outline=True)
        if stage.name in marks.approved:
            return self._make(stage, "Approved", f"Approved for {stage.name}, not yet in", is_outline=True)
        return None

    @staticmethod
    def _make(stage: Stage, phase: str, label: str, *, is_outline: bool = False) -> Berth:
        return Berth(stage.code, stage.depth, stage.name, phase, label, is_outline)
