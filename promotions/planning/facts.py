"""What expressions are told about the promotion and the steps it has reached. Pure data."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from promotions.phases import StepStatus

_FAILURES = frozenset({StepStatus.FAILED, StepStatus.ERRORED})


@dataclass(frozen=True, slots=True)
class PromotionFacts:
    """What `ctx` tells. `actor_label` is Kargo's create-actor (`email:a@b.c`); empty for automation."""

    ui_base_url: str
    project: str
    promotion: str
    stage: str
    freight_name: str
    freight_alias: str
    warehouse: str
    actor_label: str = ""
    is_rollback: bool = False

    @property
    def actor(self) -> str:
        """The actor without the kind of its label."""
        return self.actor_label.partition(":")[2] if ":" in self.actor_label else self.actor_label


@dataclass(frozen=True, slots=True)
class StepFact:
    """How one step stands; `status` is empty until the step is reached."""

    alias: str
    status: str = ""
    message: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    error_count: int = 0
    continue_on_error: bool = False


def has_failed(step_facts: Iterable[StepFact]) -> bool:
    """True when a step that may not fail is Failed or Errored."""
    return any(fact.status in _FAILURES and not fact.continue_on_error for fact in step_facts)
