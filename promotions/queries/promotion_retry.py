"""What the promotion page offers and tells of retries: from which step, on what terms, and the attempts before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.dateparse import parse_datetime

from projects.access import Action, Rights
from promotions.models import Promotion, StepRun
from promotions.phases import Phase
from promotions.retries import RETRIED, first_failed_step


@dataclass(frozen=True, slots=True)
class RetryChoice:
    """A step that a retry may begin at; `number` counts from 1."""

    number: int
    alias: str
    kind: str
    is_failed: bool


@dataclass(frozen=True, slots=True)
class RetryOffer:
    """What a retry would do. `terms` are sentences that a person should know before."""

    number: int
    alias: str
    choices: tuple[RetryChoice, ...]
    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AttemptStep:
    """How one step stood at the end of an attempt."""

    number: int
    alias: str
    kind: str
    status: str
    message: str
    started_at: datetime | None


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """An ended attempt."""

    number: int
    phase: str
    word: str
    message: str
    started_at: datetime | None
    finished_at: datetime
    retried_by: str
    note: str
    steps: tuple[AttemptStep, ...]


def read_retry(promotion: Promotion, runs: Sequence[StepRun], rights: Rights) -> RetryOffer | None:
    """The offer, latest step first; None when there is nothing to retry or the person may not."""
    stage = promotion.stage
    if promotion.phase not in RETRIED or stage is None or promotion.freight is None or not runs:
        return None
    if not rights.allows(Action.RETRY, promotion.stage_name):
        return None
    failed = first_failed_step(list(runs))
    terms = []
    if promotion.work_tree_removed_at is not None:
        terms.append("The work tree was removed meanwhile, so every step is run again, from the first one on.")
    if stage.generation != promotion.stage_generation:
        terms.append(
            f"The template of {stage.name} was changed since. A retry runs the steps as they were; "
            "Run again takes the new ones."
        )
    if stage.last_promotion_id != promotion.pk and stage.last_promotion_id is not None:
        terms.append("Another promotion ended here since; this one may bring back older freight.")
    choices = [RetryChoice(r.index + 1, r.alias, r.kind, r.index == failed) for r in runs[: failed + 1]]
    return RetryOffer(failed + 1, runs[failed].alias, tuple(reversed(choices)), tuple(terms))


def read_attempts(promotion: Promotion) -> tuple[AttemptRow, ...]:
    """Ended attempts before the present one, newest first."""
    if promotion.attempt == 1:
        return ()
    return tuple(
        AttemptRow(
            number=attempt.number,
            phase=attempt.phase,
            word=Phase(attempt.phase).label,
            message=attempt.message,
            started_at=attempt.started_at,
            finished_at=attempt.finished_at,
            retried_by=attempt.retried_by,
            note=attempt.note,
            steps=tuple(
                AttemptStep(
                    number=step["index"] + 1,
                    alias=step["alias"],
                    kind=step["kind"],
                    status=step["status"] or "Not run",
                    message=step["message"],
                    started_at=parse_datetime(step["startedAt"]) if step["startedAt"] else None,
                )
                for step in attempt.steps
            ),
        )
        for attempt in promotion.attempts.order_by("-number")
    )
