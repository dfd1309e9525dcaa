"""One pass: run a promotion as far as it can go now, saving after every step.

Source: Kargo code, promotion controller (reconcile, promote); promotions.md of the specification, sections 2, 6, 8.
Differs: a clean shutdown hands over at the next step; an abort ends the running step; a lost lease writes nothing.
"""

import logging
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from integrations.http import HttpClient
from projects import shutdown
from projects.encryption import seal, unseal
from projects.leases import Lease, claim, owned, release
from projects.notices import announce
from projects.wakeup import wake
from promotions.engine import workspace
from promotions.engine.capabilities import load_masker
from promotions.engine.collections import build_collection, list_requested_origins
from promotions.engine.logbook import Logbook
from promotions.engine.masking import Masker
from promotions.engine.outcomes import StepEnd, Verdict, backoff, final_phase
from promotions.engine.site import USER_AGENT, Site
from promotions.engine.snapshots import Telling, TreeNotReady, bring_tree, forget_snapshots, keep_tree
from promotions.engine.snapshots_storage import SnapshotStore
from promotions.engine.stepping import Interrupted, Pass, decide_skip, remember_output, try_step, wait_after
from promotions.engine.watch import Watch
from promotions.engine.wording import log_verdict, say_attempt, say_breakage
from promotions.events import record_promotion_event
from promotions.gates import ProjectFacts, is_available
from promotions.models import Promotion, Stage, StepRun
from promotions.moves import move
from promotions.phases import Phase, StepStatus
from promotions.steps.base import PassBroken

logger = logging.getLogger(__name__)

_SOON = timedelta(seconds=10)
_MOST_DEATHS = 5


class LeaseLost(Exception):
    """The row may be in other hands: nothing more is written, and the lease is left to run out."""


def run_pass(promotion_id: int, *, site: Site) -> None:
    """Claim the promotion, go as far as possible, give it back with the time of the next look."""
    lease = claim(Promotion, promotion_id, now=timezone.now(), length=site.lease)
    if lease is None:
        return
    due_at: datetime | None = None
    try:
        due_at = _Runner(lease, site).run()
    except LeaseLost:
        logger.warning("Lease lost, another worker goes on", extra={"promotion": promotion_id})
        return
    except (PassBroken, InterfaceError, OperationalError):
        # Leave the lease to run out: whoever comes next finds the row as it was saved last.
        logger.exception("Database failed during a pass", extra={"promotion": promotion_id})
        return
    except Exception as error:
        # Errors of data too: the next pass would run the same step into the same error, for ever.
        logger.exception("Pass failed outside a step", extra={"promotion": promotion_id})
        _Runner(lease, site).end(Phase.ERRORED, say_breakage(error))
    release(lease, due_at=due_at)


@dataclass(frozen=True, slots=True)
class _Runner:
    lease: Lease
    site: Site

    def run(self) -> datetime | None:
        """Returns when to look again; None when somebody else will make the promotion due."""
        promotion = self._load()
        if promotion is None or not promotion.is_live:
            return None
        if promotion.abort_requested_at is not None:
            self._end_aborted(promotion)
            return None
        stage = promotion.stage
        if stage is None:
            text = f'Stage "{promotion.stage_name}" was deleted while this promotion waited or ran.'
            self.end(Phase.ERRORED, text)
            return None
        if promotion.phase == Phase.PENDING and not self._start(promotion, stage):
            # Its turn, but another one of the stage still runs: soon again. Else the queue makes it due.
            return timezone.now() + _SOON if stage.current_promotion_id == promotion.pk else None
        if refusal := self._refusal(promotion, stage):
            self.end(Phase.ERRORED, refusal)
            return None
        self._rows().update(collection=build_collection(stage, promotion.freight))  # type: ignore[arg-type]
        promotion.refresh_from_db()
        return self._run_steps(promotion, stage)

    def end(self, phase: Phase, message: str) -> None:
        """Move to a terminal phase; the stage takes note of it next."""
        now = timezone.now()
        with transaction.atomic():
            promotion = self._load()
            if promotion is None:
                return
            source = Phase(promotion.phase)
            if source is Phase.PENDING and phase not in (Phase.ERRORED, Phase.ABORTED):
                raise ValueError(f"a queued promotion cannot end {phase}")
            # The stage first, as everywhere: two transactions that lock in different orders block each other.
            if promotion.stage_id is not None:
                Stage.objects.filter(pk=promotion.stage_id).update(due_at=now)
            if move(self._rows(), source=source, target=phase, message=message, finished_at=now):
                _end_running_step(promotion, phase, now=now)
                text = f"Promotion {phase}" + (f": {message}" if message else "")
                record_promotion_event(promotion, phase, message=text, now=now)
                _tell(promotion, now=now)
                if promotion.stage_id is not None:
                    wake("promotions.reconcile_stage", promotion.stage_id)
        if promotion.stage_id is None:
            # Else the stage does it, when it takes note of the end.
            workspace.remove_workspace(self.site.work_dir, promotion)
            if self.site.snapshots is not None:
                forget_snapshots(promotion, store=self.site.snapshots)

    def _rows(self) -> QuerySet[Promotion]:
        rows: Any = owned(self.lease)
        return rows  # type: ignore[no-any-return]

    def _load(self) -> Promotion | None:
        return self._rows().select_related("project", "freight", "stage", "stage__last_promotion").first()

    def _start(self, promotion: Promotion, stage: Stage) -> bool:
        """From queued to running, when the stage says that it is this promotion's turn."""
        if stage.current_promotion_id != promotion.pk:
            return False
        now = timezone.now()
        try:
            with transaction.atomic():
                if not move(self._rows(), source=Phase.PENDING, target=Phase.RUNNING, started_at=now):
                    return False
                _tell(promotion, now=now)
        except IntegrityError:
            return False
        promotion.phase, promotion.started_at = Phase.RUNNING, now
        return True

    def _refusal(self, promotion: Promotion, stage: Stage) -> str:
        """Why the promotion may not go on, asked in every pass."""
        freight = promotion.freight
        if freight is None:
            return f'Freight "{promotion.freight_alias}" ({promotion.freight_name}) not found: it was deleted.'
        facts = ProjectFacts.load(promotion.project, freight_ids=[freight.pk])
        if is_available(facts, stage, freight, now=timezone.now()):
            return ""
        return f'Freight "{freight.alias}" is not available to Stage "{stage.name}" any more.'

    def _run_steps(self, promotion: Promotion, stage: Stage) -> datetime | None:
        masker = load_masker(promotion.project, self.site)
        with (
            Watch(self.lease) as watch,
            Logbook(promotion, self.lease, masker) as logbook,
            HttpClient(self.site.http_policy, USER_AGENT) as http,
        ):
            try:
                workdir = self._take_workspace(promotion, masker, logbook, watch)
            except TreeNotReady as trouble:
                return self._wait_for_tree(promotion, logbook, trouble)
            p = Pass(
                promotion=promotion,
                stage=stage,
                requested_origins=list_requested_origins(stage),
                site=self.site,
                workdir=workdir,
                masker=masker,
                logbook=logbook,
                watch=watch,
                http=http,
                state=self._read_state(promotion),
                runs=list(promotion.step_runs.order_by("index")),
            )
            due_at = self._visit(p)
        if watch.is_lost:
            raise LeaseLost
        if all(run.is_finished for run in p.runs):
            # Also when an abort came too late to stop anything: what was done is told as it is.
            self.end(*final_phase(StepEnd(r.status, r.message, r.continue_on_error) for r in p.runs))
            return None
        if watch.is_aborted:
            self._end_aborted(promotion)
            return None
        if due_at is None:
            raise LeaseLost  # a write found the row in other hands
        return due_at

    def _take_workspace(self, promotion: Promotion, masker: Masker, logbook: Logbook, watch: Watch) -> Path:
        """The work tree as the last pass left it, or a new one for the first step."""
        is_reached = promotion.step_runs.exclude(status=StepStatus.NOT_REACHED).exists()
        if not is_reached:
            # A retry from the first step begins with nothing, as the first attempt did.
            workspace.remove_workspace(self.site.work_dir, promotion)
        elif self.site.snapshots is not None:
            telling = Telling(
                lambda text, stream: logbook.write(promotion.current_step, text, stream),
                lambda: watch.is_lost or watch.is_aborted,
            )
            store = self.site.snapshots
            bring_tree(promotion, promotion.snapshot, site=self.site, store=store, masker=masker, telling=telling)
        if promotion.attempt > 1 and _is_at_start(promotion):
            logbook.write(promotion.first_step, say_attempt(promotion))
        if not workspace.is_there(self.site.work_dir, promotion):
            # Before the directory is made: a worker killed in between must not leave an empty one to go on in.
            self._begin(promotion, logbook, is_reached=is_reached)
        return workspace.create(self.site.work_dir, promotion)

    def _wait_for_tree(self, promotion: Promotion, logbook: Logbook, trouble: TreeNotReady) -> datetime:
        logbook.write(promotion.current_step, str(trouble), "err")
        self._rows().update(retry_round=promotion.retry_round + 1)
        return timezone.now() + backoff(promotion.retry_round + 1, jitter=random.random())  # noqa: S311

    def _begin(self, promotion: Promotion, logbook: Logbook, *, is_reached: bool) -> None:
        """A fresh work tree means the first step: what earlier steps left in a lost one is gone."""
        if is_reached:
            logbook.write(0, "The work tree is gone; starting again at the first step.")
            with transaction.atomic():
                if self._rows().update(current_step=0, retry_round=0, health_checks=[], snapshot=""):
                    promotion.step_runs.update(
                        status="",
                        message="",
                        started_at=None,
                        finished_at=None,
                        error_count=0,
                        tries=0,
                        is_in_flight=False,
                    )
            promotion.refresh_from_db()
            return
        who = promotion.actor_name or "auto-promotion"
        logbook.write(0, f"{promotion.freight_alias} to {promotion.stage_name}, asked for by {who}")

    def _visit(self, p: Pass[Logbook]) -> datetime | None:
        """Go through the steps from the current one on. A time means: look again then."""
        for run in p.runs[p.promotion.current_step :]:
            if p.watch.is_lost or p.watch.is_aborted:
                return None
            if shutdown.requested.is_set():
                p.logbook.write(run.index, "This worker shuts down; another one goes on from here.")
                return timezone.now()
            wait = self._visit_one(p, run)
            if wait is not None:
                return timezone.now() + wait
        return None

    def _visit_one(self, p: Pass[Logbook], run: StepRun) -> timedelta | None:
        """None: the step is finished (or nothing may be written any more); else how long to wait."""
        now = timezone.now()
        skip = decide_skip(p, run) if run.started_at is None else None
        if skip is not None:
            self._save(p, run, skip)
            return None
        if run.is_in_flight and (given_up := _count_death(run)) is not None:
            self._save(p, run, given_up)
            return None
        # Looking again at what it waits for is no news; a try after an error or a death is.
        is_poll = run.tries > 0 and not run.is_in_flight and p.promotion.retry_round == 0
        run.started_at = run.started_at or now
        run.status, run.tries, run.is_in_flight = StepStatus.RUNNING, run.tries + 1, True
        again = f", try {run.tries}" if run.tries > 1 else ""
        with p.logbook.together():
            if not self._rows().update(version=F("version") + 1):
                return None
            run.save(update_fields=["started_at", "status", "tries", "is_in_flight", "deaths"])
            _tell(p.promotion, now=now)
            if not is_poll:
                p.logbook.write(run.index, f"Step {run.index + 1} of {len(p.runs)}: {run.alias} ({run.kind}){again}")
        verdict, shown = try_step(p, run)
        if isinstance(verdict, Interrupted):
            return None
        run.shown_config = shown
        self._save(p, run, verdict)
        if verdict.is_finished:
            return None
        p.promotion.retry_round = p.promotion.retry_round + 1 if verdict.is_error else 0
        self._rows().update(retry_round=p.promotion.retry_round)
        return wait_after(verdict, backoff=backoff(max(p.promotion.retry_round, 1), jitter=random.random()))  # noqa: S311

    def _save(self, p: Pass[Logbook], run: StepRun, verdict: Verdict) -> None:
        """Store how the step stands, its output and the place of the next one, in one transaction under the lease."""
        now, told = timezone.now(), run.message
        run.status, run.message = verdict.status, p.masker.text(verdict.message)
        run.error_count, run.is_in_flight = verdict.error_count, False
        if verdict.has_run:
            run.finished_at = now if verdict.is_finished else None
            run.shown_output = p.masker.value(verdict.output)
            remember_output(p.state, run, verdict)
        fields: dict[str, Any] = {"version": F("version") + 1}
        if verdict.has_run:
            fields["sealed_state"] = seal(p.state, key=self.site.secret_key)
        if verdict.is_finished:
            p.promotion.retry_round = 0
            fields |= {"current_step": run.index + 1, "retry_round": 0}
        if verdict.health_check is not None:
            check = {"uses": verdict.health_check.uses, "config": verdict.health_check.config, "step": run.index}
            p.promotion.health_checks = [*p.promotion.health_checks, check]
            fields["health_checks"] = p.promotion.health_checks
        if self.site.snapshots is not None and verdict.has_run:
            is_over = verdict.status == StepStatus.SUCCEEDED and run.index == len(p.runs) - 1
            if not is_over:
                fields["snapshot"] = p.promotion.snapshot = self._keep_tree(p, run, self.site.snapshots)
        # With its line in the log: a worker that is killed here has told the end of the step once, or not at all.
        with p.logbook.together():
            if not self._rows().update(**fields):
                return
            run.save()
            _tell(p.promotion, now=now)
            if verdict.is_finished or verdict.is_error or run.message != told:
                log_verdict(p, run, verdict)

    def _keep_tree(self, p: Pass[Logbook], run: StepRun, store: SnapshotStore) -> str:
        """Before the step is on record: what no row names does not count, and the row never names too little."""
        telling = Telling(lambda text, stream: p.logbook.write(run.index, text, stream), lambda: p.watch.is_lost)
        return keep_tree(p.promotion, p.workdir, store=store, telling=telling)

    def _read_state(self, promotion: Promotion) -> dict[str, Any]:
        if not promotion.sealed_state:
            return {}
        state: dict[str, Any] = unseal(bytes(promotion.sealed_state), key=self.site.secret_key)
        return state

    def _end_aborted(self, promotion: Promotion) -> None:
        who = promotion.abort_requested_by or self._rows().values_list("abort_requested_by", flat=True).first()
        self.end(Phase.ABORTED, f"Promotion terminated by {who}")


def _is_at_start(promotion: Promotion) -> bool:
    if promotion.current_step != promotion.first_step:
        return False
    return promotion.step_runs.filter(index=promotion.first_step, status=StepStatus.NOT_REACHED).exists()


def _count_death(run: StepRun) -> Verdict | None:
    """The last worker died inside this step. After some deaths the step is likely the killer, and ends."""
    run.deaths += 1
    if run.deaths < _MOST_DEATHS:
        return None
    message = (
        f'step "{run.alias}" was given up: {run.deaths} workers died while they ran it. Look for what it needs '
        "too much of (memory, disk) in the log of the workers."
    )
    return Verdict(StepStatus.ERRORED, message, True, run.error_count, has_run=True)


def _end_running_step(promotion: Promotion, phase: Phase, *, now: datetime) -> None:
    """A promotion that ends takes the step it was at with it, whatever ended it."""
    status = StepStatus.ABORTED if phase is Phase.ABORTED else StepStatus.ERRORED
    promotion.step_runs.filter(status=StepStatus.RUNNING).update(status=status, finished_at=now)


def _tell(promotion: Promotion, *, now: datetime) -> None:
    """Pages of the promotion and of its stage refresh."""
    announce(promotion.project, f"promotion:{promotion.number}", f"stage:{promotion.stage_name}", now=now)
