"""The pipeline page: timeline, map or list, and the exceptions; a fixed number of queries at any size."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from freight.models import WarehousePhase
from freight.queries.origins import assign_letters
from projects.access import Rights
from projects.models import Project
from promotions.gates import ProjectFacts
from promotions.queries.eligible import read_candidates
from promotions.queries.map import PipelineMap, lay_out
from promotions.queries.stage_card import CardSources, StageCard
from promotions.queries.stage_states import StageStates, find_status
from promotions.queries.timeline import Timeline, list_used, read_timeline

# What the exceptions line names, worst first: the filter's word, icon and status words of the stages that count.
_EXCEPTIONS = {
    "failed": ("Failed", {"Failed", "Errored", "Unhealthy"}),
    "running": ("Running", {"Running", "Verifying", "Progressing"}),
    "queued": ("Queued", {"Queued"}),
    "aborted": ("Aborted", {"Aborted"}),
}


@dataclass(frozen=True, slots=True)
class Exceptions:
    """How many stages there are, and how many of them need a look: (filter, icon word, count), worst first."""

    stages: int
    counts: tuple[tuple[str, str, int], ...]
    failed_warehouses: int


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Everything on the page. `cards` are those of real stages that the filter lets through."""

    timeline: Timeline
    map: PipelineMap
    cards: tuple[StageCard, ...]
    exceptions: Exceptions


def read_pipeline(project: Project, rights: Rights, *, show: str = "", now: datetime) -> Pipeline:
    """The page; `show` is a filter of the list: a key of the exceptions line, or empty."""
    states = StageStates.load(project)
    warehouses = list(project.warehouses.prefetch_related("subscriptions"))
    letters = assign_letters(warehouse.name for warehouse in warehouses)
    candidates = read_candidates(project, plus=list_used(states, ()))
    facts = ProjectFacts.load(project, freight_ids=[freight.pk for freight in candidates])
    sources = CardSources(states, facts, candidates, letters, rights)
    cards = {stage.name: sources.card(stage, now=now) for stage in states.stages}
    real = [card for card in cards.values() if not card.is_control_flow]
    wanted = _EXCEPTIONS[show][1] if show in _EXCEPTIONS else None
    return Pipeline(
        timeline=read_timeline(project, candidates, states, facts, letters),
        map=lay_out(warehouses, letters, states.stages, cards),
        cards=tuple(card for card in real if wanted is None or card.status.phase in wanted),
        exceptions=_count(
            [card.status.phase for card in real],
            sum(warehouse.phase == WarehousePhase.FAILED for warehouse in warehouses),
        ),
    )


def read_band(project: Project) -> Timeline:
    """The timeline alone."""
    states = StageStates.load(project)
    letters = assign_letters(project.warehouses.values_list("name", flat=True))
    candidates = read_candidates(project, plus=list_used(states, ()))
    facts = ProjectFacts.load(project, freight_ids=[freight.pk for freight in candidates])
    return read_timeline(project, candidates, states, facts, letters)


def read_exceptions(project: Project, *, now: datetime) -> Exceptions:
    """The exceptions line alone."""
    states = StageStates.load(project)
    real = [stage for stage in states.stages if not stage.is_control_flow]
    failed = project.warehouses.filter(phase=WarehousePhase.FAILED).count()
    return _count([find_status(stage, states, now=now).phase for stage in real], failed)


def _count(phases: Sequence[str], failed_warehouses: int) -> Exceptions:
    counts = [(key, icon, sum(phase in words for phase in phases)) for key, (icon, words) in _EXCEPTIONS.items()]
    return Exceptions(len(phases), tuple(row for row in counts if row[2]), failed_warehouses)
