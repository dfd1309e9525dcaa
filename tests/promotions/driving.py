"""Drives stages and promotions as workers would, in this process and without waiting for any clock.

Every test that runs a pass needs `@pytest.mark.django_db(transaction=True)`: a pass writes from several threads.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from freight.models import Freight
from projects.actors import controller
from projects.leases import list_due
from promotions.engine import Site, read_site, run_pass
from promotions.models import Promotion, Stage, StepRun
from promotions.reconciler import reconcile_stage
from promotions.requests import request_promotion
from tests.factories import make_freight, make_project, make_stage, make_warehouse

_MOST_ROUNDS = 60
MINUTE = timedelta(minutes=1)


def drain(now: datetime | None = None, *, site: Site | None = None) -> None:
    """Run whatever is due until nothing is. `now` in the future: as if that time had come."""
    _bring_forward(now or timezone.now())
    for _ in range(_MOST_ROUNDS):
        due = list(list_due(Stage, timezone.now())) + list(list_due(Promotion, timezone.now()))
        if not due:
            return
        for row in due:
            (reconcile_stage if isinstance(row, Stage) else run_pass)(row.pk, site=site or read_site())
    raise AssertionError(f"still due after {_MOST_ROUNDS} rounds: {due}")


def later(minutes: float = 10) -> datetime:
    return timezone.now() + minutes * MINUTE


def _bring_forward(now: datetime) -> None:
    past = timezone.now() - timedelta(seconds=1)
    for model in (Stage, Promotion):
        model.objects.filter(due_at__lte=now, due_at__gt=past).update(due_at=past)
        model.objects.filter(lease_until__lte=now, lease_until__gt=past).update(lease_until=past)


def ask(stage: Stage, freight: Freight, **options: Any) -> Promotion:
    """Ask for a promotion as automation does."""
    options = {"rights": None, "now": timezone.now(), **options}
    return request_promotion(options.pop("actor", controller("test")), stage, freight, **options)


def promote(stage: Stage, freight: Freight, **options: Any) -> Promotion:
    """Ask for a promotion and run all that is due; gives it as it stands then."""
    return fresh_after_drain(ask(stage, freight, **options))


def fresh_after_drain(promotion: Promotion, now: datetime | None = None) -> Promotion:
    drain(now)
    promotion.refresh_from_db()
    return promotion


@dataclass(frozen=True)
class Run:
    """One promotion with its steps, as a test looks at it."""

    promotion: Promotion
    steps: Mapping[str, StepRun]

    @property
    def phase(self) -> str:
        return self.promotion.phase

    @property
    def statuses(self) -> dict[str, str]:
        return {alias: step.status for alias, step in self.steps.items()}

    def output(self, alias: str) -> Any:
        return self.steps[alias].shown_output


def look(promotion: Promotion) -> Run:
    promotion.refresh_from_db()
    return Run(promotion, {run.alias: run for run in promotion.step_runs.all()})


def run_steps(steps: Sequence[Mapping[str, Any]], **options: Any) -> Run:
    """Promote fresh freight through a stage of a new project with these steps."""
    project = make_project()
    warehouse = make_warehouse(project)
    stage = make_stage(project, warehouse=warehouse, steps=steps, **options)
    return look(promote(stage, make_freight(warehouse)))


def log_of(promotion: Promotion) -> list[str]:
    return [text for batch in promotion.log_batches.all() for _, text in batch.lines]


def in_thread(work: Callable[..., Any], *arguments: Any, **options: Any) -> threading.Thread:
    """Start work in a thread with a database connection of its own; join it before the test ends."""

    def run() -> None:
        try:
            work(*arguments, **options)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def wait_until(condition: Callable[[], Any], *, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.01)
