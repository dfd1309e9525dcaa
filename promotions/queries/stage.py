"""The page of one stage: what runs here, since when, what may come next?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from freight.models import Freight
from freight.queries.origins import letter_of, read_letters
from projects.models import Project
from promotions.gates import GateState, ProjectFacts, evaluate_gates, first_closed
from promotions.models import FreightVerification, Occupancy, Promotion, Stage
from promotions.queries.eligible import age_key, read_candidates
from promotions.queries.freight_artifacts import ArtifactLine, compare_artifacts, list_lines
from promotions.queries.promotion_changes import ArtifactChange
from promotions.queries.stage_automation import AutomationRow, read_automation
from promotions.queries.stage_states import HEAVY, StageStates, StageStatus, find_status, who_asked

_NEXT = 5
_WAITING = 5
_HISTORY = 20


@dataclass(frozen=True, slots=True)
class InPlace:
    """What one slot holds; `freight` is empty for an empty slot."""

    letter: str
    origin: str
    sources: str
    freight: str = ""
    artifacts: tuple[ArtifactLine, ...] = ()
    since: datetime | None = None
    who: str = ""
    number: int = 0
    verified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NextFreight:
    """Freight that may come: what it would change, or why it waits (`why`, until `until`)."""

    alias: str
    letter: str
    origin: str
    at: datetime
    changes: tuple[ArtifactChange, ...]
    why: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Stay:
    """One line of the history."""

    freight: str
    since: datetime
    until: datetime | None
    lasted: timedelta
    number: int
    who: str


@dataclass(frozen=True, slots=True)
class StageHead:
    """Name, place and status: the head of the page, and what its ETag is made of."""

    name: str
    code: str
    depth: int
    is_control_flow: bool
    status: StageStatus
    health: str
    issues: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StageView:
    """All that the page shows."""

    head: StageHead
    places: tuple[InPlace, ...]
    eligible: tuple[NextFreight, ...]
    more_eligible: int
    waiting: tuple[NextFreight, ...]
    queue: tuple[Promotion, ...]
    history: tuple[Stay, ...]
    verifies: str
    feeds: tuple[str, ...]
    source: str
    automation: tuple[AutomationRow, ...]


def read_stage(project: Project, name: str, *, now: datetime) -> StageView | None:
    """The page; None when there is no such stage."""
    states = StageStates.load(project, only=name)
    if not states.stages:
        return None
    stage = states.stages[0]
    letters = read_letters(project)
    held = states.stays.get(stage.pk, {})
    candidates = read_candidates(project, plus=[stay.freight_id for stay in held.values()])
    facts = ProjectFacts.load(project, freight_ids=[freight.pk for freight in candidates])
    coming = [] if stage.is_control_flow else _list_coming(stage, held, candidates)
    judged = [(f, first_closed(evaluate_gates(facts, stage, f, rights=None, now=now))) for f in coming]
    eligible = [freight for freight, gate in judged if gate is None]
    waiting = [(f, gate) for f, gate in judged if gate is not None and gate.state is GateState.WAITING]
    shown = [*eligible[:_NEXT], *(freight for freight, _ in waiting[:_WAITING])]
    changes = _compare(held, shown)
    return StageView(
        head=_head(stage, states, now),
        places=tuple(_list_places(stage, held, letters)),
        eligible=tuple(_next(freight, letters, changes[freight.pk]) for freight in eligible[:_NEXT]),
        more_eligible=len(eligible[_NEXT:]),
        waiting=tuple(
            _next(f, letters, changes[f.pk], gate.text if gate else "", gate.until if gate else None)
            for f, gate in waiting[:_WAITING]
        ),
        queue=tuple(states.queued.get(stage.pk, ())),
        history=tuple(_read_history(stage, now)),
        verifies="analysis" if stage.spec.get("verification") else "health",
        feeds=tuple(_list_fed(project, stage)),
        source=Stage.objects.values_list("source", flat=True).get(pk=stage.pk),
        automation=read_automation(stage, now=now),
    )


def _head(stage: Stage, states: StageStates, now: datetime) -> StageHead:
    return StageHead(
        name=stage.name,
        code=stage.code,
        depth=stage.depth,
        is_control_flow=stage.is_control_flow,
        status=find_status(stage, states, now=now),
        health=stage.get_health_display() if stage.health else "",
        issues=tuple(map(str, stage.health_issues)),
    )


def _list_coming(stage: Stage, held: Mapping[str, Occupancy], candidates: Sequence[Freight]) -> list[Freight]:
    """Freight of wanted origins newer than what is there, newest first."""
    wanted = set(stage.origins)
    return [
        freight
        for freight in candidates
        if freight.origin in wanted
        and (freight.origin not in held or age_key(freight) > age_key(held[freight.origin].freight))
    ]


def _compare(held: Mapping[str, Occupancy], shown: Sequence[Freight]) -> dict[int, tuple[ArtifactChange, ...]]:
    full = Freight.objects.filter(pk__in=[freight.pk for freight in shown]).prefetch_related("artifacts")
    return {
        freight.pk: compare_artifacts(
            held[freight.origin].freight.artifacts.all() if freight.origin in held else (), freight.artifacts.all()
        )
        for freight in full
    }


def _next(
    freight: Freight,
    letters: dict[str, str],
    changes: tuple[ArtifactChange, ...],
    why: str = "",
    until: datetime | None = None,
) -> NextFreight:
    letter = letter_of(letters, freight.warehouse_name)
    return NextFreight(
        freight.alias, letter, freight.warehouse_name, freight.discovered_at, changes, why=why, until=until
    )


def _list_places(stage: Stage, held: Mapping[str, Occupancy], letters: dict[str, str]) -> Iterator[InPlace]:
    """A slot for each origin that the stage asks for, in the order of its manifest."""
    marks = FreightVerification.objects.filter(stage=stage, freight__in=[stay.freight_id for stay in held.values()])
    verified = dict(marks.values_list("freight_id", "verified_at"))
    promotions = Promotion.objects.defer(*HEAVY).in_bulk(
        [stay.promotion_id for stay in held.values() if stay.promotion_id]
    )
    for request in stage.requested_freight:
        name = request["origin"]["name"]
        letter, sources = letter_of(letters, name), describe_sources(request["sources"])
        stay = held.get(f"{request['origin']['kind']}/{name}")
        if stay is None:
            yield InPlace(letter, name, sources)
            continue
        promotion = promotions.get(stay.promotion_id or 0)
        yield InPlace(
            letter,
            name,
            sources,
            freight=stay.freight.alias,
            artifacts=list_lines(list(stay.freight.artifacts.all()), None),
            since=stay.since,
            who=who_asked(promotion),
            number=promotion.number if promotion else 0,
            verified_at=verified.get(stay.freight_id),
        )


def describe_sources(sources: dict[str, Any]) -> str:
    """In words where freight of one origin comes from: `from dev or qa, after 1h there`."""
    parts = ["straight from the warehouse"] if sources.get("direct") else []
    joiner = " and " if sources.get("availabilityStrategy") == "All" else " or "
    if upstream := sources.get("stages"):
        parts.append(f"from {joiner.join(upstream)}")
    soak = sources.get("requiredSoakTime")
    has_soak = soak and soak.strip("0hms.")
    return " or ".join(parts) + (f", after {soak} there" if has_soak else "")


def _read_history(stage: Stage, now: datetime) -> list[Stay]:
    rows = stage.occupancies.select_related("freight", "promotion")
    rows = rows.defer(*(f"promotion__{column}" for column in HEAVY))[:_HISTORY]
    return [
        Stay(
            freight=row.freight.alias,
            since=row.since,
            until=row.until,
            lasted=(row.until or now) - row.since,
            number=row.promotion.number if row.promotion else 0,
            who=who_asked(row.promotion),
        )
        for row in rows
    ]


def _list_fed(project: Project, stage: Stage) -> list[str]:
    others = Stage.objects.filter(project=project).only("name", "spec")
    return [
        other.name
        for other in others
        if any(stage.name in (request["sources"].get("stages") or ()) for request in other.requested_freight)
    ]
