"""A stage as a card: its slots, its status, and what a person may do with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from freight.models import Freight
from freight.queries.origins import letter_of, read_letters
from projects.access import Action, Rights
from projects.models import Project
from promotions.gates import ProjectFacts
from promotions.models import Stage
from promotions.queries.eligible import MOST_BEHIND, count_newer, read_candidates
from promotions.queries.freight_artifacts import main_version
from promotions.queries.stage_states import StageStates, StageStatus, find_status

_MOST_SLOTS = 3
_TOLD_BY_PROMOTION = frozenset({"Running", "Queued", "Failed", "Errored", "Aborted"})


@dataclass(frozen=True, slots=True)
class Slot:
    """One origin of a stage. `behind`: how much newer freight is eligible, as text; empty alias = empty slot."""

    letter: str
    origin: str
    alias: str = ""
    version: str = ""
    behind: str = ""
    is_latest: bool = False


@dataclass(frozen=True, slots=True)
class StageCard:
    """One card. `is_direct`: new freight may change it at once. `hidden_slots` do not fit."""

    name: str
    code: str
    depth: int
    is_control_flow: bool
    is_direct: bool
    slots: tuple[Slot, ...]
    hidden_slots: int
    status: StageStatus
    may_promote: bool

    @property
    def views_promotion(self) -> bool:
        """True when its one button leads to the promotion that it is about, and not to the next one."""
        return bool(self.status.number) and (self.status.phase in _TOLD_BY_PROMOTION or not self.may_promote)

    @property
    def lines(self) -> int:
        """Slot lines of the card: 1 to 3."""
        return max(1, len(self.slots) + bool(self.hidden_slots))


@dataclass(frozen=True, slots=True)
class CardSources:
    """What every card of a project is made of, read once."""

    states: StageStates
    facts: ProjectFacts
    candidates: Sequence[Freight]
    letters: Mapping[str, str]
    rights: Rights

    def card(self, stage: Stage, *, now: datetime) -> StageCard:
        """The card of one of the stages."""
        slots = [self._slot(stage, origin, now) for origin in stage.origins]
        shown = slots if len(slots) <= _MOST_SLOTS else slots[: _MOST_SLOTS - 1]
        return StageCard(
            name=stage.name,
            code=stage.code,
            depth=stage.depth,
            is_control_flow=stage.is_control_flow,
            is_direct=any(request["sources"].get("direct") for request in stage.requested_freight),
            slots=tuple(shown),
            hidden_slots=len(slots) - len(shown),
            status=find_status(stage, self.states, now=now),
            may_promote=self.rights.allows(Action.PROMOTE, stage.name),
        )

    def _slot(self, stage: Stage, origin: str, now: datetime) -> Slot:
        name = origin.partition("/")[2]
        letter = letter_of(self.letters, name)
        stay = self.states.stays.get(stage.pk, {}).get(origin)
        if stay is None:
            return Slot(letter, name)
        behind = count_newer(stage, stay, self.candidates, self.facts, now=now)
        return Slot(
            letter,
            name,
            alias=stay.freight.alias,
            version=main_version(stay.freight.artifacts.all()),
            behind="9+" if behind >= MOST_BEHIND else str(behind or ""),
            is_latest=len(stage.origins) > 1 and stay.promotion_id == stage.last_promotion_id,
        )


def read_stage_card(project: Project, name: str, rights: Rights, *, now: datetime) -> StageCard | None:
    """One card by itself; None when there is no such stage."""
    states = StageStates.load(project, only=name)
    if not states.stages:
        return None
    candidates = read_candidates(project)
    facts = ProjectFacts.load(project, freight_ids=[freight.pk for freight in candidates])
    sources = CardSources(states, facts, candidates, read_letters(project), rights)
    return sources.card(states.stages[0], now=now)
