"""A console of an installation: one process that asks for promotions and reads rows, driven by JSON lines.

It stands in for the web process where a test needs no pages. `python -m tests.servers.console` with the
installation's environment; a line {"call", "args"} on standard input gives a line {"value"} or {"error"}.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.db import DatabaseError, connection  # noqa: E402
from django.db.models import Q  # noqa: E402
from django.utils import timezone  # noqa: E402

from freight.discovery import check_warehouse  # noqa: E402
from freight.models import Freight, Warehouse  # noqa: E402
from freight.requests import request_refresh  # noqa: E402
from kargoweb.demo.release import make_release  # noqa: E402
from projects.access import Action, authorize  # noqa: E402
from projects.actors import OPERATOR  # noqa: E402
from projects.credentials import set_credential  # noqa: E402
from projects.errors import DomainError  # noqa: E402
from projects.heartbeats import is_silent  # noqa: E402
from projects.models import AuditEntry, Member, Project, RoleGrant  # noqa: E402
from promotions.changesets import SourceText, apply_changes, plan_changes  # noqa: E402
from promotions.models import Promotion, Stage, StepRequest, StepRun  # noqa: E402
from promotions.phases import TERMINAL  # noqa: E402
from promotions.requests import approve_freight, request_promotion  # noqa: E402
from promotions.responses import Answer, respond  # noqa: E402
from tests.servers import catching  # noqa: E402

# The project that stages and freight are looked for in.
PROJECT = os.environ.get("CONSOLE_PROJECT", "guestbook")
_LOOK_SECONDS = 0.003
_STEP_FACTS = ("index", "alias", "kind", "status", "message", "tries")
_LONGEST_CHECK_SECONDS = 20.0


def release() -> str:
    """Push a new commit and image, and look for freight at once; returns the freight's name."""
    make_release(settings.DATA_DIR)
    return discover(PROJECT)


def apply(text: str) -> None:
    """Apply manifests."""
    apply_changes(OPERATOR, plan_changes([SourceText("test.yaml", text)]), now=timezone.now())


def keep_credential(name: str, kind: str, repo_url: str, username: str, secrets: dict[str, str]) -> None:
    """Store a credential of the project."""
    project = Project.objects.get(name=PROJECT)
    facts = {"name": name, "kind": kind, "repo_url": repo_url, "username": username, "secrets": secrets}
    set_credential(OPERATOR, project=project, now=timezone.now(), **facts)


def add_member(name: str, role: str) -> None:
    """Give an account of the demo a role in the project."""
    member = Member.objects.create(project=Project.objects.get(name=PROJECT), user=User.objects.get(username=name))
    RoleGrant.objects.create(member=member, role=role)


def discover(warehouse: str) -> str:
    """Have a warehouse looked at, here or by a worker; returns the name of its newest freight."""
    row = Warehouse.objects.get(project__name=PROJECT, name=warehouse)
    request_refresh(OPERATOR, row, now=timezone.now())
    deadline = time.monotonic() + _LONGEST_CHECK_SECONDS
    while Warehouse.objects.filter(pk=row.pk, refresh_requested_at__isnull=False).exists():
        check_warehouse(row.pk)
        if time.monotonic() > deadline:
            raise TimeoutError(f"warehouse {warehouse} was not looked at in {_LONGEST_CHECK_SECONDS} s")
        time.sleep(_LOOK_SECONDS)
    return str(Freight.objects.filter(warehouse=row).latest("pk").name)


def approve(stage: str, freight: str) -> None:
    """Let freight into a stage, whatever the stages before it say."""
    approve_freight(OPERATOR, _stage(stage), _freight(freight), reason="prepared by a test", now=timezone.now())


def promote(stage: str, freight: str) -> int:
    """Ask for a promotion; returns its primary key."""
    return request_promotion(OPERATOR, _stage(stage), _freight(freight), rights=None, now=timezone.now()).pk


def look(promotion: int) -> dict[str, Any]:
    """How a promotion stands, with its steps and its log."""
    row = Promotion.objects.get(pk=promotion)
    batches = list(row.log_batches.order_by("first_line"))
    runs = row.step_runs.order_by("index")
    return {
        **_head(row),
        "number": row.number,
        "message": row.message,
        "name": row.name,
        "steps": [{name: getattr(run, name) for name in _STEP_FACTS} | {"seconds": _seconds(run)} for run in runs],
        "batches": [[batch.first_line, batch.last_line, len(batch.lines)] for batch in batches],
        "log": [[batch.step_index, text] for batch in batches for _, text in batch.lines],
    }


def records(promotion: int) -> dict[str, Any]:
    """What a promotion left in our own database: metadata, and how often it did what only the audit log tells."""
    row = Promotion.objects.select_related("stage", "freight").get(pk=promotion)
    about = Q(actor_name__contains=row.name) | Q(target_name__startswith=f"#{row.number} ")
    deeds = AuditEntry.objects.filter(about).values_list("action", flat=True)
    return {
        "stage metadata": row.stage.metadata,
        # Numbers of issues differ from promotion to promotion.
        "freight metadata": {
            key: value if isinstance(value, str) and row.name in value else "..."
            for key, value in row.freight.metadata.items()
        },
        "alias": row.freight.alias,
        "deeds": sorted(deeds),
        "events": row.project.events.filter(message__contains=f"{row.name} is out").count(),
    }


def find_promotion(number: int) -> int:
    """Primary key of promotion #number."""
    return Promotion.objects.get(project__name=PROJECT, number=number).pk


def line_times(promotion: int) -> dict[str, float]:
    """{line number: seconds since the epoch when it was written}."""
    batches = Promotion.objects.get(pk=promotion).log_batches.all()
    return {str(line): b.at.timestamp() for b in batches for line in range(b.first_line, b.last_line + 1)}


def alias(freight: str) -> str:
    """What people call the freight."""
    return _freight(freight).alias


def wait_for_step(promotion: int, index: int, statuses: list[str], seconds: float) -> str:
    """Until the step has one of the statuses; returns who held the lease last ("" if nobody was seen)."""
    owner = ""
    deadline = time.monotonic() + seconds
    runs = Promotion.objects.filter(pk=promotion, step_runs__index=index)
    while time.monotonic() < deadline:
        seen, status = runs.values_list("lease_owner", "step_runs__status").get()
        owner = seen or owner
        if status in statuses:
            return owner
        time.sleep(_LOOK_SECONDS)
    raise TimeoutError(f"step {index} of promotion {promotion} did not become {statuses} in {seconds} s")


def wait_for_progress(promotion: int, version: int, lines: int, seconds: float) -> dict[str, Any]:
    """Until its version or its line count is beyond these, or its stage has taken note of the end."""

    def has_moved(row: Promotion) -> bool:
        return row.version > version or row.log_line_count > lines or row.recorded_at is not None

    return _wait(promotion, seconds, has_moved)


def wait_for_end(promotion: int, seconds: float) -> dict[str, Any]:
    """Until it has ended and its stage has taken note."""
    return _wait(promotion, seconds, lambda row: row.phase in TERMINAL and row.recorded_at is not None)


def hasten_to_end(promotion: int, seconds: float) -> dict[str, Any]:
    """As `wait_for_end`, but what waits for a later look is looked at soon, and Alice answers what steps ask."""

    def is_over(row: Promotion) -> bool:
        _hasten(row)
        return row.phase in TERMINAL and row.recorded_at is not None

    return _wait(promotion, seconds, is_over)


def catch(promotion: int, index: int, seconds: float) -> dict[str, Any]:
    """See `catching.catch`; on the way there nothing waits longer than it must."""

    def meanwhile() -> None:
        _hasten(Promotion.objects.get(pk=promotion))

    return catching.catch(promotion, index, seconds, meanwhile=meanwhile)


def is_worker_silent() -> bool:
    """What pages ask before they say that no worker is there."""
    return is_silent("worker", now=timezone.now())


def _wait(promotion: int, seconds: float, is_over: Callable[[Promotion], bool]) -> dict[str, Any]:
    deadline = time.monotonic() + seconds
    while True:
        try:
            row = Promotion.objects.get(pk=promotion)
            if is_over(row):
                return _head(row)
        except DatabaseError:
            # The database is away; the next look is over a new connection.
            connection.close()
        if time.monotonic() > deadline:
            raise TimeoutError(f"promotion {promotion} did not get there in {seconds} s: {_head(row)}")
        time.sleep(_LOOK_SECONDS)


def _head(row: Promotion) -> dict[str, Any]:
    return {
        "phase": row.phase,
        "owner": row.lease_owner,
        "version": row.version,
        "lines": row.log_line_count,
        "is_recorded": row.recorded_at is not None,
    }


def hasten(promotion: int) -> None:
    """What waits for a later look is looked at now, and Alice answers what steps ask."""
    _hasten(Promotion.objects.get(pk=promotion))


def _hasten(row: Promotion) -> None:
    for request in StepRequest.objects.open().filter(promotion=row):
        _answer(request)
    soon = timezone.now() + timedelta(seconds=1)
    if row.phase not in TERMINAL and row.due_at is not None and row.due_at > soon:
        Promotion.objects.filter(pk=row.pk, lease_owner="", due_at=row.due_at).update(due_at=timezone.now())


def _answer(request: StepRequest) -> None:
    alice = User.objects.get(username="alice")
    rights = authorize(alice, Action.VIEW, request.promotion.project)
    answer = Answer("approve", values={"replicas": 3})
    try:
        respond(OPERATOR, alice, request, answer, rights=rights, now=timezone.now())
    except DomainError:
        return  # not asked any more; the next look tells


def _seconds(run: StepRun) -> float:
    """How long a step took; 0 for one that has not ended."""
    return (run.finished_at - run.started_at).total_seconds() if run.finished_at and run.started_at else 0.0


def _stage(name: str) -> Stage:
    return Stage.objects.select_related("project").get(project__name=PROJECT, name=name)


def _freight(name: str) -> Freight:
    return Freight.objects.get(project__name=PROJECT, name=name)


CALLS: dict[str, Callable[..., Any]] = {
    call.__name__: call
    for call in (
        *(
            add_member,
            alias,
            apply,
            approve,
            discover,
            find_promotion,
            hasten_to_end,
            is_worker_silent,
            keep_credential,
        ),
        *(line_times, look, promote, release, wait_for_end, wait_for_progress, wait_for_step),
        *(hasten, catch, catching.go_on, catching.kill, catching.kill_unsaved, records),
    )
}


def serve() -> None:
    """Answer until standard input ends."""
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            answer = {"value": CALLS[asked["call"]](*asked["args"])}
        except Exception as error:  # told to the caller, who decides
            answer = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
