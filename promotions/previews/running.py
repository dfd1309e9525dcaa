"""One claimed pass over a preview: make it, or look whether an old one still holds.

A preview is made in one go. A worker that dies costs one lease, then another one makes it anew.
"""

import dataclasses
import logging
from datetime import datetime
from typing import Any

from django.db import InterfaceError, OperationalError
from django.db.models import F, QuerySet
from django.utils import timezone

from freight.models import Freight
from integrations.http import HttpClient
from projects.errors import DomainError
from projects.leases import Lease, claim, owned, release
from promotions.engine import (
    USER_AGENT,
    Masker,
    Pass,
    Site,
    Watch,
    build_collection,
    list_requested_origins,
    load_masker,
    remove_directory,
)
from promotions.models import Preview, PreviewPhase, Promotion, Stage
from promotions.phases import Phase
from promotions.planning.plan import Plan
from promotions.previews.checking import check_bases
from promotions.previews.cut_off import CutOff
from promotions.previews.dry_run import (
    HandedOver,
    LeaseLost,
    LinesDropped,
    StepReport,
    Stop,
    judge_phase,
    visit_steps,
)
from promotions.previews.result import describe, digest_of
from promotions.requests import list_step_runs, plan_for
from promotions.steps.base import PassBroken

logger = logging.getLogger(__name__)

_MOST_TRIES = 3


def run_preview(preview_id: int, *, site: Site) -> None:
    """Claim the preview and make it; one that is made already is compared with the git hosts."""
    lease = claim(Preview, preview_id, now=timezone.now(), length=site.lease)
    if lease is None:
        return
    due_at: datetime | None = None
    try:
        _work(lease, site)
    except HandedOver:
        _rows(lease).update(tries=F("tries") - 1)
        due_at = timezone.now()
    except LeaseLost:
        logger.warning("Lease lost, another worker goes on", extra={"preview": preview_id})
        return
    except (PassBroken, InterfaceError, OperationalError):
        # Leave the lease to run out: whoever comes next begins anew.
        logger.exception("Database failed during a preview", extra={"preview": preview_id})
        return
    except Exception as error:
        logger.exception("Preview failed outside a step", extra={"preview": preview_id})
        _end(lease, PreviewPhase.FAILED, _say_breakage(error))
    release(lease, due_at=due_at)


def _work(lease: Lease, site: Site) -> None:
    rows = _rows(lease).select_related("project", "stage", "stage__project", "freight")
    preview = rows.first()
    if preview is None:
        raise LeaseLost
    if not preview.is_live:
        check_bases(preview, rows=_rows(lease), site=site, now=timezone.now())
        return
    _rows(lease).update(phase=PreviewPhase.RUNNING, tries=F("tries") + 1)
    stage, freight = preview.stage, preview.freight
    if preview.tries >= _MOST_TRIES:
        text = f"Given up: {preview.tries} workers died while they made it. Look into the logs of the workers."
        _end(lease, PreviewPhase.FAILED, text)
    elif stage is None or freight is None:
        gone = f'Stage "{preview.stage_name}"' if stage is None else f'Freight "{preview.freight_alias}"'
        _end(lease, PreviewPhase.FAILED, f"{gone} was deleted meanwhile.")
    elif stage.generation != preview.stage_generation:
        _end(lease, PreviewPhase.FAILED, f'Stage "{stage.name}" was edited meanwhile. Ask for the preview again.')
    else:
        _make(lease, preview, stage, freight, site)


def _make(lease: Lease, preview: Preview, stage: Stage, freight: Freight, site: Site) -> None:
    promotion = _imagine(preview, stage, freight, plan_for(stage))
    workdir = site.previews_dir / str(preview.pk)
    # Left behind by a worker that was killed.
    remove_directory(workdir, kept_as=promotion.name)
    workdir.mkdir(parents=True, mode=0o700)
    masker, cut_off = load_masker(preview.project, site), CutOff()
    with Watch(lease) as watch, HttpClient(site.http_policy, USER_AGENT) as http:
        p = Pass(
            promotion=promotion,
            stage=stage,
            requested_origins=list_requested_origins(stage),
            site=site,
            workdir=workdir,
            masker=masker,
            logbook=LinesDropped(),
            watch=watch,
            http=http,
            state={},
            runs=list_step_runs(promotion),
            execute=cut_off.execute,
        )

        def show(reports: list[StepReport]) -> None:
            _write(lease, result=masker.value(describe(reports, [], None)))

        try:
            reports, stop = visit_steps(p, cut_off, on_step=show)
        finally:
            # Under the watch: a large tree takes its time.
            remove_directory(workdir, kept_as=promotion.name)
    _finish(lease, promotion, reports, stop, cut_off, masker)


def _finish(
    lease: Lease,
    promotion: Promotion,
    reports: list[StepReport],
    stop: Stop | None,
    cut_off: CutOff,
    masker: Masker,
) -> None:
    result = masker.value(describe(reports, cut_off.pushes, stop))
    phase, message = judge_phase(reports)
    if stop is not None and stop.is_trouble:
        phase, message = Phase.ERRORED, stop.reason
    now = timezone.now()
    _write(
        lease,
        phase=PreviewPhase.READY if phase is Phase.SUCCEEDED else PreviewPhase.FAILED,
        message=message,
        result=result,
        digest=digest_of(result, cut_off.pushes, cut_off.made),
        slots={origin: reference["name"] for origin, reference in promotion.collection.items()},
        bases=[dataclasses.asdict(base) for base in cut_off.bases.values()],
        finished_at=now,
        checked_at=now,
    )


def _imagine(preview: Preview, stage: Stage, freight: Freight, plan: Plan) -> Promotion:
    """The promotion as it would be; it is never stored."""
    return Promotion(
        project=preview.project,
        number=0,
        name=preview.name,
        stage=stage,
        stage_name=stage.name,
        stage_generation=stage.generation,
        freight=freight,
        freight_name=freight.name,
        freight_alias=freight.alias,
        origin=freight.origin,
        actor_label=preview.actor_label,
        actor_name=preview.requested_by,
        vars=plan.vars,
        steps=plan.steps,
        collection=build_collection(stage, freight),
        created_at=preview.created_at,
    )


def _rows(lease: Lease) -> QuerySet[Preview]:
    rows: Any = owned(lease)
    return rows  # type: ignore[no-any-return]


def _write(lease: Lease, **fields: Any) -> None:
    if not _rows(lease).update(**fields):
        raise LeaseLost


def _end(lease: Lease, phase: PreviewPhase, message: str) -> None:
    _rows(lease).update(phase=phase, message=message, finished_at=timezone.now())


def _say_breakage(error: Exception) -> str:
    """What people may read of an error nobody foresaw: its text may hold data, so it stays in the worker's log."""
    if isinstance(error, DomainError):
        return error.message
    if isinstance(error, OSError):
        return f"The work tree cannot be used: {error.strerror}. Check the disk that holds the data directory."
    return f"The preview broke ({type(error).__name__}); the log of the worker has the details."
