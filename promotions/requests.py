"""What people ask for: a promotion, its abort, approval of freight for a stage, deletion of a stage.

One domain function an intention, for page, API and command line alike.
Source: Kargo code, promotion webhook and API server; promotions.md of the specification, section 3.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from ulid import ULID

from freight.models import Freight
from projects import audit
from projects.access import Rights
from projects.actors import Actor
from projects.errors import StaleVersion
from projects.locks import lock_projects
from projects.models import Project
from projects.notices import announce
from projects.wakeup import wake
from promotions.engine import advance
from promotions.errors import PromotionRefused
from promotions.events import record_approval_event, record_promotion_event
from promotions.freshness import find_fresh
from promotions.gates import Gate, ProjectFacts, evaluate_gates, find_candidate, first_closed
from promotions.holds import intent_of
from promotions.models import FreightApproval, Promotion, PromotionTask, Stage, StepRun
from promotions.planning.plan import Plan, plan_promotion
from promotions.queueing import supersede_older

_LONGEST_STAGE_PART = 218


def request_promotion(
    actor: Actor,
    stage: Stage,
    freight: Freight,
    *,
    rights: Rights | None,
    now: datetime,
    idempotency_key: str | None = None,
    note: str = "",
    is_rollback: bool = False,
) -> Promotion:
    """Queue a promotion. Asking again with the same key gives the first one back.

    `rights` None means our own automation. Raises PromotionRefused with the gates that are closed, PlanError
    when the template cannot be planned.
    """
    if idempotency_key and (known := _find_asked(stage.project, idempotency_key)):
        return known
    refuse_closed(stage, freight, rights=rights, now=now)
    plan = plan_for(stage)
    try:
        with transaction.atomic():
            lock_projects([stage.project_id])
            # Under the lock: the caller's copy may know a promotion as running that has ended since, and then
            # nobody would come back for this one.
            locked = Stage.objects.select_for_update().filter(pk=stage.pk).first()
            if locked is None:
                raise PromotionRefused(f'Stage "{stage.name}" was deleted meanwhile. Reload the page.')
            if locked.generation != stage.generation:
                raise StaleVersion(f'Stage "{stage.name}" was changed meanwhile. Look at it again, then ask again.')
            promotion = _create(actor, locked, freight, plan, now, idempotency_key, note, is_rollback)
            supersede_older(locked, promotion, now=now)
            advance(locked, now=now)
    except IntegrityError as error:
        if "promotion_asked_once" not in str(error) and "idempotency_key" not in str(error):
            raise
        known = _find_asked(stage.project, idempotency_key or "")
        if known is None:
            raise
        return known
    return promotion


def candidate_of(stage: Stage, origin: str, *, now: datetime) -> Freight:
    """The freight that a promotion "of the origin" means: what auto-promotion would take. Raises PromotionRefused."""
    if origin not in stage.origins:
        raise PromotionRefused(f'Stage "{stage.name}" does not take freight of "{origin}".')
    candidate, _ = find_candidate(stage, origin, now=now)
    if candidate is None:
        raise PromotionRefused(f'No freight of "{origin}" is available to stage "{stage.name}" now.')
    return candidate


def refuse_closed(stage: Stage, freight: Freight, *, rights: Rights | None, now: datetime) -> None:
    """Raise PromotionRefused when a gate is closed; its message is that of the first closed gate."""
    facts = ProjectFacts.load(stage.project, freight_ids=[freight.pk])
    gates: tuple[Gate, ...] = evaluate_gates(facts, stage, freight, rights=rights, now=now)
    closed = first_closed(gates)
    if closed is not None:
        message = f'Stage "{stage.name}" cannot take Freight "{freight.alias}": {closed.text}'
        raise PromotionRefused(message, gates)


def plan_for(stage: Stage) -> Plan:
    """The steps that a promotion of this stage would run now. Raises PlanError."""

    def find_task(kind: str, name: str) -> dict[str, Any] | None:
        owner = stage.project if kind == "PromotionTask" else None
        task = PromotionTask.objects.filter(project=owner, name=name).first()
        return task.spec if task else None

    template = (stage.spec.get("promotionTemplate") or {}).get("spec") or {}
    return plan_promotion(stage_vars=stage.spec.get("vars") or [], template=template, find_task=find_task)


def abort_promotion(actor: Actor, promotion: Promotion, *, now: datetime) -> None:
    """Ask for the end of a live promotion; one that has ended is left as it is, a second request changes nothing."""
    with transaction.atomic():
        rows = Promotion.objects.filter(pk=promotion.pk, abort_requested_at__isnull=True, finished_at__isnull=True)
        asked = rows.update(
            abort_requested_at=now, abort_requested_by=actor.name, due_at=now, version=F("version") + 1
        )
        if not asked:
            return
        audit.record(
            actor,
            "aborted",
            project=promotion.project,
            target_kind="promotion",
            target_name=f"#{promotion.number}",
        )
        announce(promotion.project, f"promotion:{promotion.number}", now=now)
        wake("promotions.run_pass", promotion.pk)


def approve_freight(actor: Actor, stage: Stage, freight: Freight, *, reason: str, now: datetime) -> None:
    """Let freight into a stage whatever its upstream says; approving twice changes nothing."""
    if freight.origin not in stage.origins:
        raise PromotionRefused(f'Stage "{stage.name}" does not take freight of warehouse "{freight.warehouse_name}".')
    if not reason.strip():
        raise PromotionRefused("Say why this freight may skip its upstream stages; the reason goes to the audit log.")
    with transaction.atomic():
        _, is_new = FreightApproval.objects.get_or_create(
            stage=stage,
            freight=freight,
            defaults={"approved_at": now, "approved_by": actor.name, "reason": reason},
        )
        if not is_new:
            return
        audit.record(
            actor,
            "approved",
            project=stage.project,
            target_kind="freight",
            target_name=freight.alias,
            facts={"stage": stage.name},
            reason=reason,
        )
        record_approval_event(stage, freight, actor_label=actor.label, now=now)
        make_due([stage], now=now)
        announce(stage.project, "freight", now=now)


def delete_stage(actor: Actor, stage: Stage, *, now: datetime) -> None:
    """Delete a stage. Its promotions stay on record; those that wait or run end in their next pass."""
    with transaction.atomic():
        Stage.objects.select_for_update().filter(pk=stage.pk).first()
        live = list(stage.promotions.filter(finished_at__isnull=True).values_list("pk", flat=True))
        Promotion.objects.filter(pk__in=live).update(due_at=now)
        name, project = stage.name, stage.project
        stage.delete()
        audit.record(actor, "deleted", project=project, target_kind="stage", target_name=name)
        announce(project, "configuration", now=now)
        for pk in live:
            wake("promotions.run_pass", pk)


def make_due(stages: Iterable[Stage], *, now: datetime) -> None:
    """Have these stages looked at soon."""
    for stage in stages:
        Stage.objects.filter(pk=stage.pk).update(due_at=now)
        announce(stage.project, f"stage:{stage.name}", now=now)
        wake("promotions.reconcile_stage", stage.pk)


def _find_asked(project: Project, key: str) -> Promotion | None:
    return Promotion.objects.filter(project=project, idempotency_key=key).first()


def _create(
    actor: Actor,
    stage: Stage,
    freight: Freight,
    plan: Plan,
    now: datetime,
    idempotency_key: str | None,
    note: str,
    is_rollback: bool,
) -> Promotion:
    project = stage.project
    Project.objects.filter(pk=project.pk).update(last_promotion_number=F("last_promotion_number") + 1)
    number = Project.objects.values_list("last_promotion_number", flat=True).get(pk=project.pk)
    promotion = Promotion.objects.create(
        project=project,
        number=number,
        name=promotion_name(stage.name, freight.name),
        stage=stage,
        stage_name=stage.name,
        stage_generation=stage.generation,
        freight=freight,
        freight_name=freight.name,
        freight_alias=freight.alias,
        origin=freight.origin,
        actor_id=actor.user_id,
        actor_label="" if actor.is_controller else actor.label,
        actor_name=actor.name,
        note=note,
        is_rollback=is_rollback,
        hold_effect=intent_of(actor, stage, freight, now=now),
        idempotency_key=idempotency_key,
        preview=find_fresh(stage, freight),
        vars=plan.vars,
        steps=plan.steps,
        created_at=now,
    )
    StepRun.objects.bulk_create(list_step_runs(promotion))
    audit.record(
        actor,
        "promoted",
        project=project,
        target_kind="stage",
        target_name=stage.name,
        facts={"freight": freight.alias, "promotion": number},
        reason=note,
        at=now,
    )
    how = "Automatically promoted" if actor.is_controller else "Promoted"
    message = f'{how} Freight "{freight.alias}" from origin "{freight.origin}" for Stage "{stage.name}"'
    record_promotion_event(promotion, "Created", message=message, now=now)
    announce(project, f"stage:{stage.name}", f"promotion:{number}", now=now)
    return promotion


def list_step_runs(promotion: Promotion) -> list[StepRun]:
    """A row for each planned step, none reached yet and none stored."""
    return [
        StepRun(
            promotion=promotion,
            index=index,
            alias=step["as"],
            kind=step["uses"],
            continue_on_error=bool(step.get("continueOnError")),
        )
        for index, step in enumerate(promotion.steps)
    ]


def promotion_name(stage_name: str, freight_name: str) -> str:
    """Kargo's name: `<stage>.<ulid>.<first 7 of freight>`, lower case, sorted by time."""
    stage_part = stage_name[:_LONGEST_STAGE_PART].rstrip(".-")
    return f"{stage_part}.{ULID()}.{freight_name[:7]}".lower()
