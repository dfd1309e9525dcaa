"""Random schedules over a small pipeline: people ask, abort, retry and reorder; workers run, are killed, come back.

Every pass is the real one, on the real database. A kill is an exception at a random query that nothing catches:
what was committed stays, the lease is not given back, as when the process is gone. The clock is moved by moving the
times in the rows, for passes read the real one.
"""

import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from celery import current_app
from django.db import connection
from django.db.models import F
from django.utils import timezone

from projects.actors import Actor
from projects.errors import DomainError
from projects.leases import list_due
from projects.models import Project, ProjectConfig
from promotions.engine import find_collection_promotion, read_site, run_pass
from promotions.engine.snapshots_storage import SnapshotStore, WholeFileStorage
from promotions.holds import hold_auto_promotion, resume_auto_promotion
from promotions.models import (
    FreightVerification,
    LogBatch,
    Occupancy,
    Promotion,
    Stage,
    Verification,
)
from promotions.phases import LIVE, VERIFICATION_ENDED, Phase, VerificationPhase
from promotions.queueing import QUEUE_ANNOTATION, move_in_queue
from promotions.reconciler import reconcile_stage, take_up_freight
from promotions.requests import abort_promotion, request_promotion
from promotions.retries import retry_promotion
from tests.factories import make_freight, make_project, make_stage, make_warehouse

BOB = Actor(label="email:bob@example.com", name="bob")
_VERDICTS = ("Succeeded", "Skipped: ", "Failed", "Errored", "Not run: ")
_MOST_ROUNDS = 400

STEPS: dict[str, dict[str, Any]] = {
    "write": {"uses": "file-write", "config": {"path": "a.txt", "contents": "${{ quote('a') }}", "overwrite": True}},
    "tell": {"uses": "compose-output", "config": {"freight": "${{ ctx.targetFreight.name }}"}},
    "break": {
        "uses": "fail",
        "if": "${{ stageMetadata(ctx.stage)?.bad == true }}",
        "config": {"message": "the stage is bad"},
    },
    "stumble": {
        "uses": "copy",
        "if": "${{ stageMetadata(ctx.stage)?.bad == true }}",
        "retry": {"errorThreshold": 2},
        "config": {"inPath": "missing", "outPath": "b"},
    },
    "shrug": {"uses": "copy", "continueOnError": True, "config": {"inPath": "missing", "outPath": "b"}},
    "always": {"uses": "compose-output", "if": "${{ always() }}", "config": {"value": 1}},
}


class Killed(BaseException):
    """The worker is gone."""


class Killer:
    """Lets some queries of this thread's connection through, then none."""

    def __init__(self, queries: int) -> None:
        self.left = queries

    def __call__(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        self.left -= 1
        if self.left < 0:
            raise Killed
        return execute(*arguments)


class Simulation:
    """One schedule. `run` plays it; what went wrong stands in `problems`."""

    def __init__(self, seed: int) -> None:
        self.seed, self.chance = seed, random.Random(seed)  # noqa: S311 (the same schedule each time)
        self.problems: list[str] = []
        self.directory = tempfile.TemporaryDirectory()
        root = Path(self.directory.name)
        store = SnapshotStore(WholeFileStorage(root / "snapshots"), "a key for tests", 1_000_000)
        self.has_snapshots = self.chance.random() < 0.5
        snapshots = store if self.has_snapshots else None
        self.site = replace(read_site(), work_dir=root / "work", snapshots=snapshots)
        self.seen: Counter[str] = Counter()
        # Slots that hold something: (stage, origin).
        self.filled: set[tuple[int, str]] = set()
        self._build()

    def run(self, moves: int) -> None:
        """Play random moves, then let everything come to its end."""
        acts: list[Callable[[], None]] = [
            *[self.work] * 8,
            *[self.ask] * 4,
            *[self.pass_time] * 2,
            self.discover,
            self.abort,
            *[self.retry] * 2,
            self.reorder,
            self.turn_bad_or_good,
            self.end_verification,
            self.hold_or_resume,
            self.lose_machine,
        ]
        for _ in range(moves):
            act = self.chance.choice(acts)
            with suppress(DomainError):  # a refusal is a fine answer
                act()
            self.check()
        self.settle()

    def clear(self) -> None:
        """Leave nothing behind."""
        self.project.delete()
        self.directory.cleanup()
        channel = current_app.connection_for_write().default_channel
        channel.queue_purge("celery")

    # What happens

    def discover(self) -> None:
        freight = make_freight(self.chance.choice(self.warehouses))
        self.freight.append(freight)
        take_up_freight(now=timezone.now())

    def ask(self) -> None:
        stage, freight = self.stage(), self.chance.choice(self.freight)
        request_promotion(BOB, stage, freight, rights=None, now=timezone.now())
        self.seen["asked"] += 1

    def abort(self) -> None:
        if promotion := self.any_promotion(phase__in=LIVE):
            abort_promotion(BOB, promotion, now=timezone.now())

    def retry(self) -> None:
        if promotion := self.any_promotion(phase__in=(Phase.FAILED, Phase.ERRORED)):
            first = self.chance.choice([None, 0, 1])
            retry_promotion(BOB, promotion, from_step=first, rights=None, now=timezone.now())
            self.seen["retried"] += 1

    def reorder(self) -> None:
        if promotion := self.any_promotion(phase=Phase.PENDING):
            move_in_queue(BOB, promotion, place=self.chance.randint(1, 3), now=timezone.now())

    def turn_bad_or_good(self) -> None:
        stage = self.stage()
        Stage.objects.filter(pk=stage.pk).update(metadata={"bad": not stage.metadata.get("bad", False)})

    def hold_or_resume(self) -> None:
        stage, now = self.stage(), timezone.now()
        if self.chance.random() < 0.5:
            hold_auto_promotion(BOB, stage, stage.origins[0], reason="", until=None, now=now)
        else:
            resume_auto_promotion(BOB, stage, stage.origins[0], now=now)

    def end_verification(self) -> None:
        running = Verification.objects.filter(phase=VerificationPhase.RUNNING).first()
        if running is not None:
            end = self.chance.choice([VerificationPhase.SUCCESSFUL, VerificationPhase.FAILED])
            self.finish(running, end)

    def lose_machine(self) -> None:
        """Its disk is gone too; with snapshots that must not matter."""
        if not self.project.promotions.filter(lease_until__isnull=False).exists():
            shutil.rmtree(self.site.work_dir, ignore_errors=True)
            self.seen["machines lost"] += 1

    def pass_time(self) -> None:
        self.move_clock(timedelta(seconds=self.chance.choice([5, 30, 120, 600])))

    def work(self) -> None:
        """A worker takes one of the rows that are due, and now and then dies over it."""
        now = timezone.now()
        due = [*list_due(Stage, now), *list_due(Promotion, now)]
        if due:
            self.run_one(self.chance.choice(due), is_deadly=self.chance.random() < 0.2)

    # How it is done

    def run_one(self, row: Any, *, is_deadly: bool) -> None:
        work = reconcile_stage if isinstance(row, Stage) else run_pass
        if not is_deadly:
            work(row.pk, site=self.site)
        else:
            try:
                with connection.execute_wrapper(Killer(self.chance.randint(1, 60))):
                    work(row.pk, site=self.site)
            except Killed:
                self.seen["killed"] += 1
        self.start_long_verifications()

    def start_long_verifications(self) -> None:
        """Stages that verify for long: as if an analysis had begun with the end of the promotion."""
        ended = Promotion.objects.filter(
            stage__in=self.slow, phase=Phase.SUCCEEDED, recorded_at__isnull=True, verifications__isnull=True
        )
        for promotion in ended:
            Verification.objects.create(
                stage=promotion.stage,
                promotion=promotion,
                phase=VerificationPhase.RUNNING,
                started_at=timezone.now(),
            )

    def finish(self, verification: Verification, phase: VerificationPhase) -> None:
        rows = Verification.objects.filter(pk=verification.pk)
        rows.update(phase=phase, finished_at=timezone.now())
        Stage.objects.filter(pk=verification.stage_id).update(due_at=timezone.now())

    def move_clock(self, by: timedelta) -> None:
        for model in (Stage, Promotion):
            model.objects.filter(due_at__isnull=False).update(due_at=F("due_at") - by)
            model.objects.filter(lease_until__isnull=False).update(lease_until=F("lease_until") - by)
        Occupancy.objects.filter(until__isnull=True).update(since=F("since") - by)

    def settle(self) -> None:
        """No more people and no more deaths: everything that was asked for must end by itself."""
        Stage.objects.update(metadata={})
        for _ in range(_MOST_ROUNDS):
            take_up_freight(now=timezone.now())
            for verification in Verification.objects.filter(phase=VerificationPhase.RUNNING):
                self.finish(verification, VerificationPhase.SUCCESSFUL)
            due = [*list_due(Stage, timezone.now()), *list_due(Promotion, timezone.now())]
            for row in due:
                self.run_one(row, is_deadly=False)
            self.check()
            if not due:
                if not self.waits_for_time():
                    break
                self.move_clock(timedelta(minutes=10))
        else:
            self.problems.append(f"still at work after {_MOST_ROUNDS} rounds")
        self.check_end()

    # What must hold

    def check(self) -> None:
        """At any moment."""
        running = list(self.project.promotions.filter(phase=Phase.RUNNING).select_related("stage"))
        for name, count in Counter(promotion.stage_name for promotion in running).items():
            if count > 1:
                self.problems.append(f"{name} runs {count} promotions")
        for promotion in running:
            held = find_collection_promotion(promotion.stage)
            if held and held.verifications.filter(phase=VerificationPhase.RUNNING).exists():
                self.problems.append(f"#{promotion.number} runs while {held.stage_name} is being verified")
        stays = Occupancy.objects.filter(stage__project=self.project, until__isnull=True).order_by()
        filled = set(stays.values_list("stage_id", "origin"))
        self.problems += [f"a stage lost {origin}" for _, origin in sorted(self.filled - filled)]
        self.filled = filled

    def check_end(self) -> None:
        """When all is quiet."""
        for promotion in self.project.promotions.all():
            if promotion.phase in LIVE or promotion.recorded_at is None:
                self.problems.append(f"#{promotion.number} never ended: {promotion.phase}")
            self.problems += [f"#{promotion.number}: {problem}" for problem in list_repetitions(promotion)]
            if self.has_snapshots and "work tree is gone" in str(list(promotion.log_batches.values_list("lines"))):
                self.problems.append(f"#{promotion.number} began again although its tree was stored")
        for stage in Stage.objects.filter(project=self.project):
            for stay in stage.occupancies.filter(until__isnull=True).select_related("freight", "promotion"):
                newest = Verification.objects.filter(stage=stage).first()
                if newest is None or newest.phase not in VERIFICATION_ENDED:
                    if stage.health == "Healthy":
                        self.problems.append(f"{stage.name} was never verified")
                elif newest.phase == VerificationPhase.SUCCESSFUL and stage.health == "Healthy":
                    marks = FreightVerification.objects.filter(stage=stage, freight=stay.freight)
                    if not marks.exists():
                        self.problems.append(f"{stay.freight.alias} stayed unverified in {stage.name}")

    def waits_for_time(self) -> bool:
        """Is there a row whose time has not come, or a lease of a dead worker?"""
        return any(
            model.objects.filter(lease_until__isnull=False).exists()
            or model.objects.filter(due_at__gt=timezone.now()).exists()
            for model in (Stage, Promotion)
        )

    # The world

    def stage(self) -> Stage:
        return Stage.objects.select_related("project").get(pk=self.chance.choice(self.stages).pk)

    def any_promotion(self, **fields: Any) -> Promotion | None:
        found = list(self.project.promotions.filter(**fields).order_by("number"))
        return self.chance.choice(found) if found else None

    def _build(self) -> None:
        chance = self.chance
        self.project: Project = make_project(f"sim-{self.seed}")
        self.warehouses = [make_warehouse(self.project, "one")]
        if chance.random() < 0.5:
            other = [{"image": {"repoURL": "ghcr.io/example/two"}}]
            self.warehouses.append(make_warehouse(self.project, "two", other))
        automatic = chance.choice(["glob:*", "first", "second", "none"])
        policies = [{"stageSelector": {"name": automatic}, "autoPromotionEnabled": True}]
        ProjectConfig.objects.create(project=self.project, spec={"promotionPolicies": policies})
        self.freight = [make_freight(warehouse) for warehouse in self.warehouses]
        first = self._make_stage("first", warehouse=self.warehouses)
        second = self._make_stage("second", upstream=first)
        self.stages = [first, second]
        self.slow = [stage for stage in self.stages if chance.random() < 0.5]
        take_up_freight(now=timezone.now())

    def _make_stage(self, name: str, **options: Any) -> Stage:
        chosen = self.chance.sample(sorted(STEPS), self.chance.randint(2, 4))
        steps = [{"as": alias, **STEPS[alias]} for alias in chosen]
        policy = self.chance.choice(["all", "newest"])
        metadata = {"bad": self.chance.random() < 0.5}
        annotations = {QUEUE_ANNOTATION: policy}
        return make_stage(self.project, name, steps=steps, annotations=annotations, metadata=metadata, **options)


def list_repetitions(promotion: Promotion) -> list[str]:
    """Steps whose end the log tells twice in one attempt, and log lines that are doubled or missing."""
    problems, ends, expected = [], Counter[int](), 1
    for batch in LogBatch.objects.filter(promotion=promotion).order_by("first_line"):
        if batch.first_line != expected:
            problems.append(f"log line {expected} is missing or doubled")
        expected = batch.last_line + 1
        for _, text in batch.lines:
            if text.startswith("Attempt ") or "starting again at the first step" in text:
                ends.clear()
            elif text.startswith(_VERDICTS) or ". Skipped: " in text or ". Not run: " in text:
                ends[batch.step_index] += 1
                if ends[batch.step_index] > 1:
                    problems.append(f"step {batch.step_index + 1} ended twice")
    return problems
