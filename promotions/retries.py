"""Retry from here: a promotion that failed goes on at one of its steps, as the same promotion.

Outputs and work tree are kept, and how the attempt before it ended stays on record. When the work tree is gone the
engine starts again at the first step and says so.
Source: Kargo has nothing like it; there a new promotion starts from nothing.
"""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from projects import audit
from projects.access import Rights
from projects.actors import Actor
from projects.locks import lock_projects
from projects.notices import announce
from promotions.engine import advance
from promotions.errors import PromotionRefused
from promotions.events import record_promotion_event
from promotions.models import Attempt, Promotion, Stage, StepRun
from promotions.moves import move
from promotions.phases import Phase, StepStatus
from promotions.recording import record_ended
from promotions.requests import refuse_closed

RETRIED = frozenset({Phase.FAILED, Phase.ERRORED})


def first_failed_step(runs: list[StepRun]) -> int:
    """Index of the step a retry begins at unless another one is named: the first that broke the promotion."""
    for run in runs:
        if run.status in (StepStatus.FAILED, StepStatus.ERRORED) and not run.continue_on_error:
            return run.index
    return 0


def retry_promotion(
    actor: Actor,
    promotion: Promotion,
    *,
    from_step: int | None,
    rights: Rights | None,
    now: datetime,
    note: str = "",
) -> Promotion:
    """Queue a failed promotion again, to go on at step `from_step` (an index; None: the step that failed).

    Raises PromotionRefused when it did not fail, when the step was never reached, or when a gate is closed now.
    """
    stage, freight = promotion.stage, promotion.freight
    if stage is None:
        raise PromotionRefused(f'Stage "{promotion.stage_name}" was deleted; there is nothing to promote to.')
    if freight is None:
        raise PromotionRefused(f'Freight "{promotion.freight_alias}" was deleted; choose other freight to promote.')
    refuse_closed(stage, freight, rights=rights, now=now)
    with transaction.atomic():
        lock_projects([stage.project_id])
        locked = Stage.objects.select_related("project", "current_promotion").get(pk=stage.pk)
        record_ended(locked, now=now)
        promotion.refresh_from_db()
        runs = list(promotion.step_runs.order_by("index"))
        first = _choose_step(promotion, runs, from_step)
        _keep_attempt(promotion, runs, actor, note, now=now)
        _reset(promotion, first, now=now)
        _tell(actor, promotion, runs, first, note, now=now)
        advance(locked, now=now)
    return promotion


def _choose_step(promotion: Promotion, runs: list[StepRun], from_step: int | None) -> int:
    if promotion.phase not in RETRIED:
        raise PromotionRefused(
            f"Promotion #{promotion.number} is {Phase(promotion.phase).label.lower()}; "
            "only one that failed or errored can be retried. Promote the freight again instead."
        )
    failed = first_failed_step(runs)
    first = failed if from_step is None else from_step
    if not 0 <= first <= failed:
        raise PromotionRefused(
            f"Promotion #{promotion.number} can be retried from step {failed + 1} or an earlier one, "
            f"not from step {first + 1}: it was not reached in order."
        )
    return first


def _keep_attempt(promotion: Promotion, runs: list[StepRun], actor: Actor, note: str, *, now: datetime) -> None:
    Attempt.objects.create(
        promotion=promotion,
        number=promotion.attempt,
        first_step=promotion.first_step,
        phase=promotion.phase,
        message=promotion.message,
        started_at=promotion.started_at,
        finished_at=promotion.finished_at or now,
        steps=[_step_json(run) for run in runs],
        retried_by=actor.name,
        note=note,
    )


def _step_json(run: StepRun) -> dict[str, Any]:
    return {
        "index": run.index,
        "alias": run.alias,
        "kind": run.kind,
        "status": run.status,
        "message": run.message,
        "startedAt": run.started_at.isoformat() if run.started_at else None,
        "finishedAt": run.finished_at.isoformat() if run.finished_at else None,
        "errorCount": run.error_count,
        "tries": run.tries,
        "shownConfig": run.shown_config,
        "shownOutput": run.shown_output,
    }


def _reset(promotion: Promotion, first: int, *, now: datetime) -> None:
    kept = [check for check in promotion.health_checks if check.get("step", 0) < first]
    moved = move(
        Promotion.objects.filter(pk=promotion.pk),
        source=Phase(promotion.phase),
        target=Phase.PENDING,
        message="",
        attempt=F("attempt") + 1,
        first_step=first,
        current_step=first,
        retry_round=0,
        health_checks=kept,
        started_at=None,
        finished_at=None,
        recorded_at=None,
        abort_requested_at=None,
        abort_requested_by="",
        queue_place=None,
        due_at=now,
    )
    if not moved:
        raise PromotionRefused(f"Somebody else retried promotion #{promotion.number} just now.")
    promotion.step_runs.filter(index__gte=first).update(
        status=StepStatus.NOT_REACHED,
        message="",
        started_at=None,
        finished_at=None,
        error_count=0,
        tries=0,
        is_in_flight=False,
        deaths=0,
        shown_config=None,
        shown_output=None,
    )
    promotion.refresh_from_db()


def _tell(actor: Actor, promotion: Promotion, runs: list[StepRun], first: int, note: str, *, now: datetime) -> None:
    project, alias = promotion.project, runs[first].alias if runs else ""
    audit.record(
        actor,
        "retried",
        project=project,
        target_kind="promotion",
        target_name=f"#{promotion.number}",
        facts={"attempt": promotion.attempt, "from step": alias},
        reason=note,
        at=now,
    )
    message = f'{actor.name} had #{promotion.number} go on at step "{alias}" (attempt {promotion.attempt})'
    record_promotion_event(promotion, "Retried", message=message, now=now)
    announce(project, f"stage:{promotion.stage_name}", f"promotion:{promotion.number}", now=now)
