"""One pass over one stage: record what ended, verify what is there, let freight pass, start the next promotion.

Source: Kargo code, stage controller (reconcile); promotions.md of the specification, sections 7 to 9.
Differs: analysis runs are not taken up in this release; a stage that asks for them gets a verification in
phase Error that says so, which blocks nothing but the freight's way on.
"""

import logging
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from freight.models import Freight
from integrations.errors import IntegrationError
from projects.leases import claim, release
from projects.locks import lock_projects
from projects.notices import announce
from projects.wakeup import wake
from promotions.automation import auto_promote
from promotions.engine import (
    Site,
    advance,
    find_collection_promotion,
    forget_snapshots,
    is_done_with,
    list_waiting,
    remove_workspace,
)
from promotions.events import record_promotion_event, record_verification_event
from promotions.gates import ProjectFacts, evaluate_gates, is_available, list_offered
from promotions.models import Health, Promotion, Stage, Verification
from promotions.moves import move
from promotions.phases import Phase, VerificationPhase
from promotions.recording import mark_verified, record_ended

logger = logging.getLogger(__name__)

_TAKEN_UP_AT_ONCE = 1000

_NO_ANALYSIS = (
    "This release cannot run the analysis templates of this stage, so its freight is not verified by itself. "
    "An owner can approve freight for the next stage."
)


def reconcile_stage(stage_id: int, *, site: Site) -> None:
    """Claim the stage and bring it up to date; all of it is quick, so it is one transaction."""
    now = timezone.now()
    lease = claim(Stage, stage_id, now=now, length=site.lease)
    if lease is None:
        return
    with transaction.atomic():
        mine = Stage.objects.filter(pk=stage_id, lease_token=lease.token)
        project_id = mine.values_list("project_id", flat=True).first()
        if project_id is None:
            return
        lock_projects([project_id])
        stage = Stage.objects.select_related("project", "last_promotion", "current_promotion").get(pk=stage_id)
        ended = record_ended(stage, now=now)
        through, look_again_at = _let_through(stage, now=now)
        if _verify(stage, now=now) + through or ended:
            wake_downstream(stage, now=now)
        _refuse_waiting(stage, now=now)
        moments = [look_again_at, auto_promote(stage, now=now)]
        started = advance(stage, now=now)
        if ended or started:
            announce(stage.project, f"stage:{stage.name}", now=now)
        release(lease, due_at=min((moment for moment in moments if moment), default=None))
    for promotion in ended:
        if not is_done_with(promotion, kept=site.work_trees_kept, now=now):
            continue
        if site.snapshots is not None:
            forget_snapshots(promotion, store=site.snapshots)
        try:
            remove_workspace(site.work_dir, promotion)
        except (OSError, IntegrationError):
            logger.warning("Work tree left for the sweep", exc_info=True, extra={"promotion": promotion.name})


def take_up_freight(*, now: datetime) -> None:
    """Have the stages of a project look at freight that nobody above has looked at yet."""
    with transaction.atomic():
        new = dict(Freight.objects.filter(is_taken_up=False).values_list("pk", "project_id")[:_TAKEN_UP_AT_ONCE])
        if not new:
            return
        lock_projects(new.values())
        Stage.objects.filter(project__in=set(new.values()), due_at__isnull=True).update(due_at=now)
        Freight.objects.filter(pk__in=new).update(is_taken_up=True)


def wake_downstream(stage: Stage, *, now: datetime) -> None:
    """Stages that take freight from this one may have something new to look at."""
    for other in Stage.objects.filter(project_id=stage.project_id):
        if any(stage.name in (r["sources"].get("stages") or ()) for r in other.requested_freight):
            Stage.objects.filter(pk=other.pk).update(due_at=now)
            announce(stage.project, f"stage:{other.name}", now=now)
            wake("promotions.reconcile_stage", other.pk)


def _verify(stage: Stage, *, now: datetime) -> int:
    """Verify what the stage holds, once per promotion that brought it; returns how much freight is newly verified."""
    held = find_collection_promotion(stage)
    if held is None or stage.is_control_flow or stage.health != Health.HEALTHY:
        return 0
    newest = held.verifications.first()
    if newest is None:
        newest = _start_verification(stage, held, now=now)
        for freight in _list_held(stage, held):
            record_verification_event(newest, freight, now=now)
    if newest.phase != VerificationPhase.SUCCESSFUL:
        return 0
    return mark_verified(stage, _list_held(stage, held), at=newest.finished_at or now)


def _list_held(stage: Stage, held: Promotion) -> list[Freight]:
    names = [reference["name"] for reference in held.collection.values()]
    return list(Freight.objects.filter(project_id=stage.project_id, name__in=names))


def _start_verification(stage: Stage, held: Promotion, *, now: datetime) -> Verification:
    asks_for_analysis = stage.spec.get("verification") is not None
    return Verification.objects.create(
        stage=stage,
        promotion=held,
        phase=VerificationPhase.ERROR if asks_for_analysis else VerificationPhase.SUCCESSFUL,
        message=_NO_ANALYSIS if asks_for_analysis else "",
        started_at=now,
        finished_at=now,
    )


def _let_through(stage: Stage, *, now: datetime) -> tuple[int, datetime | None]:
    """A control-flow stage verifies all freight that is available to it.

    Returns how much is newly verified, and when the next soak ends that holds some back.
    """
    if not stage.is_control_flow:
        return 0, None
    candidates = list(list_offered(stage).exclude(verifications__stage=stage))
    if not candidates:
        return 0, None
    facts = ProjectFacts.load(stage.project, freight_ids=[f.pk for f in candidates])
    through = [f for f in candidates if is_available(facts, stage, f, now=now)]
    held_back = (f for f in candidates if f not in through)
    ends = [
        gate.until
        for freight in held_back
        for gate in evaluate_gates(facts, stage, freight, rights=None, now=now)
        if gate.until is not None
    ]
    return mark_verified(stage, through, at=now), min(ends, default=None)


def _refuse_waiting(stage: Stage, *, now: datetime) -> None:
    """A stage that became control-flow runs no steps any more: what waits for it ends and says so."""
    if not stage.is_control_flow:
        return
    for promotion in list_waiting(stage):
        message = f'Stage "{stage.name}" has no promotion steps any more: freight passes through it by itself.'
        rows = Promotion.objects.filter(pk=promotion.pk)
        if move(rows, source=Phase.PENDING, target=Phase.ERRORED, message=message, finished_at=now):
            record_promotion_event(promotion, "Errored", message=f"Promotion Errored: {message}", now=now)
            announce(stage.project, f"promotion:{promotion.number}", now=now)
