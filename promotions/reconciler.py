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
from projects.leases import claim, owned, release
from projects.notices import announce
from projects.wakeup import wake
from promotions.engine import Site, advance, find_collection_promotion, remove_workspace
from promotions.gates import ProjectFacts, is_available
from promotions.models import Health, Promotion, Stage, Verification
from promotions.phases import VerificationPhase
from promotions.recording import mark_verified, record_ended

logger = logging.getLogger(__name__)

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
        if not owned(lease).exists():
            return
        stage = Stage.objects.select_related("project", "last_promotion", "current_promotion").get(pk=stage_id)
        ended = record_ended(stage, now=now)
        if _verify(stage, now=now) + _let_through(stage, now=now):
            wake_downstream(stage, now=now)
        started = advance(stage, now=now)
        if ended or started:
            announce(stage.project, f"stage:{stage.name}", now=now)
        release(lease, due_at=None)
    for promotion in ended:
        remove_workspace(site.work_dir, promotion)


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
    if newest.phase != VerificationPhase.SUCCESSFUL:
        return 0
    names = [reference["name"] for reference in held.collection.values()]
    present = list(Freight.objects.filter(project_id=stage.project_id, name__in=names))
    return mark_verified(stage, present, at=newest.finished_at or now)


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


def _let_through(stage: Stage, *, now: datetime) -> int:
    """A control-flow stage verifies all freight that is available to it; every stage notes what it has seen."""
    newest = Freight.objects.filter(project_id=stage.project_id).order_by("-pk").values_list("pk", flat=True).first()
    Stage.objects.filter(pk=stage.pk).update(seen_freight=newest or 0)
    if not stage.is_control_flow:
        return 0
    names = [request["origin"]["name"] for request in stage.requested_freight]
    unmarked = Freight.objects.filter(project_id=stage.project_id, warehouse_name__in=names)
    candidates = list(unmarked.exclude(verifications__stage=stage))
    if not candidates:
        return 0
    facts = ProjectFacts.load(stage.project, freight_ids=[f.pk for f in candidates])
    through = [f for f in candidates if is_available(facts, stage, f, now=now)]
    return mark_verified(stage, through, at=now)
