"""Discovery: one claimed pass over a warehouse, from its subscriptions to freight.

Source: Kargo docs "Working with Warehouses"; code `pkg/controller/warehouses/warehouses.go`.
Differs: all subscriptions are tried even if one fails, and each keeps its own error.
"""

import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils import timezone

from freight.criteria import is_satisfied
from freight.models import Subscription, Warehouse, WarehousePhase
from freight.proposals import Assembled, Proposal, count_by_rule, make_freight_when_quiet, propose_set
from freight.requests import CHECK_TASK
from freight.selection.errors import SelectorError
from freight.storable import make_storable
from freight.subscriptions.base import MAX_IGNORED, Discovery, SubscriptionUnusable, Surroundings
from freight.subscriptions.registry import get_type
from freight.subscriptions.rows import sync_rows
from freight.surroundings import make_surroundings
from integrations.errors import Aborted, IntegrationError, RateLimited, Unauthorized
from integrations.git.mirrors import mirrors_at
from projects import shutdown
from projects.actors import controller
from projects.credentials import explain_refusal, find_credential
from projects.durations import parse_duration
from projects.errors import DomainError
from projects.leases import Lease, claim, kept, list_due, owned, release
from projects.notices import announce
from projects.wakeup import wake

logger = logging.getLogger(__name__)

ACTOR = controller("warehouse")
# When a host that limits requests does not say for how long.
SHORTEST_PAUSE = timedelta(minutes=1)
SHORTEST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(minutes=5)
HANDED_PER_TICK = 100
SHARED_FOR = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the look at one subscription went."""

    row: Subscription
    discovery: Discovery | None
    error: str = ""
    is_permanent: bool = False
    # The host asked for a pause until then.
    paused_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the pass says of its warehouse."""

    phase: WarehousePhase
    message: str
    wait: timedelta
    # What to make freight of, or what it waits for; None when nothing is made whatever was found.
    proposal: Proposal | None = None


def list_due_warehouses(*, now: datetime) -> list[int]:
    """Ids of warehouses that wait for a worker, the longest waiting first; at most HANDED_PER_TICK."""
    since = Coalesce("due_at", "lease_until")
    waiting = list_due(Warehouse, now).annotate(since=since).order_by("since").values_list("pk", flat=True)
    return list(waiting[:HANDED_PER_TICK])


def retry_delay(failures: int, *, is_permanent: bool, jitter: float) -> timedelta:
    """Wait after the n-th failure in a row (from 1): doubling, between 5 s and 5 min. `jitter` is 0 to 1.

    What only a person can put right waits longest at once.
    """
    doubled = LONGEST_WAIT if is_permanent else SHORTEST_WAIT * 2 ** min(failures - 1, 10)
    spread = min(doubled, LONGEST_WAIT) * (0.8 + 0.2 * jitter)
    return max(SHORTEST_WAIT, spread)


def check_warehouse(warehouse_id: int) -> None:
    """Look once at everything a warehouse watches; does nothing when it is not due or somebody else looks."""
    started_at = timezone.now()
    lease = claim(Warehouse, warehouse_id, now=started_at, length=settings.LEASE)
    if lease is None:
        return
    with kept(lease) as lost:
        warehouse = _begin(lease, now=started_at)
        try:
            surroundings = make_surroundings(
                warehouse.project.name,
                should_stop=lambda: lost.is_set() or shutdown.requested.is_set(),
                seen_after=_fresh_since(warehouse, now=started_at),
            )
            outcomes = [_look(warehouse, row, surroundings) for row in sync_rows(warehouse)]
            verdict = _judge(warehouse, outcomes, shortest_interval=settings.MIN_WAREHOUSE_INTERVAL)
            _finish(lease, warehouse, outcomes, verdict, started_at=started_at)
        except Aborted:
            _give_back(lease, warehouse)
        except Exception:
            logger.exception("Discovery broke", extra={"warehouse": warehouse.pk})
            _finish(lease, warehouse, [], _broken(warehouse), started_at=started_at)
    _tidy_up()


def _tidy_up() -> None:
    """Pack a mirror that has waited for a day. The row is given back by now: nobody waits for this but a thread."""
    try:
        mirrors_at(Path(settings.DATA_DIR) / "mirrors").maintain_one(should_stop=shutdown.requested.is_set)
    except IntegrationError as error:
        logger.warning("A mirror could not be packed", extra={"error": error.message})


def _begin(lease: Lease, *, now: datetime) -> Warehouse:
    """Say that the look is on, so that pages show it while it lasts."""
    with transaction.atomic():
        warehouse = Warehouse.objects.select_related("project").get(pk=lease.pk)
        owned(lease).update(phase=WarehousePhase.CHECKING)
        announce(warehouse.project, f"warehouse:{warehouse.name}", now=now)
    return warehouse


def _fresh_since(warehouse: Warehouse, *, now: datetime) -> datetime:
    """What was seen after the refresh was asked for is new enough: many warehouses of one push share it."""
    asked_at = warehouse.refresh_requested_at or now
    return max(asked_at, now - SHARED_FOR)


def _look(warehouse: Warehouse, row: Subscription, surroundings: Surroundings) -> Outcome:
    spec = warehouse.spec["subscriptions"][row.position][row.kind]
    is_same_rules = warehouse.generation == warehouse.observed_generation
    try:
        kind = get_type(row.kind)
        around = replace(
            surroundings,
            credentials=find_credential(warehouse.project, kind.credential_kind, row.repo_url),
            found=tuple(row.found) if is_same_rules else (),
            ignored=tuple((item["version"], item["reason"]) for item in row.ignored),
            observed=row.observed if is_same_rules and not row.error else {},
        )
        seen = kind.discover(spec, around)
        return Outcome(row, replace(seen, found=make_storable(seen.found), ignored=make_storable(seen.ignored)))
    except Aborted:
        raise
    except RateLimited as error:
        until = timezone.now() + (error.retry_after or SHORTEST_PAUSE)
        said = f"{error.message.rstrip('.')}. Rate limited until {until:%H:%M:%S} UTC."
        return Outcome(row, None, said, paused_until=until)
    except Unauthorized as error:
        doubt = explain_refusal(warehouse.project, kind.credential_kind, row.repo_url, today=timezone.now().date())
        return Outcome(row, None, f"{error.message} {doubt}".strip(), is_permanent=True)
    except IntegrationError as error:
        return Outcome(row, None, error.message, is_permanent=error.permanent)
    except (SelectorError, SubscriptionUnusable, DomainError) as error:
        return Outcome(row, None, str(error), is_permanent=True)


def _judge(warehouse: Warehouse, outcomes: Sequence[Outcome], *, shortest_interval: timedelta) -> Verdict:
    failed = [outcome for outcome in outcomes if outcome.discovery is None]
    if failed:
        said = "; ".join(f"{_name(outcome.row)}: {outcome.error}" for outcome in failed)
        return Verdict(WarehousePhase.FAILED, said, _failure_wait(warehouse, failed))
    wait = max(parse_duration(warehouse.spec.get("interval") or "5m0s"), shortest_interval)
    empty = [outcome for outcome in outcomes if outcome.discovery and not outcome.discovery.found]
    if empty:
        said = "; ".join(f"{get_type(o.row.kind).nothing_found} in {_name(o.row)}" for o in empty)
        return Verdict(WarehousePhase.EMPTY, f"{said}. No freight can be made until there is one.", wait)
    if warehouse.spec.get("freightCreationPolicy") == "Manual":
        return Verdict(WarehousePhase.READY, "", wait)
    proposal = propose_set(warehouse, [(o.row, o.discovery.found) for o in outcomes if o.discovery])
    if proposal.items is None:
        return Verdict(WarehousePhase.READY, proposal.message, wait, proposal)
    satisfied, message = is_satisfied(warehouse.spec.get("freightCreationCriteria") or {}, proposal.items)
    return Verdict(WarehousePhase.READY, message, wait, proposal if satisfied else None)


def _failure_wait(warehouse: Warehouse, failed: Sequence[Outcome]) -> timedelta:
    wait = retry_delay(
        warehouse.failures + 1,
        is_permanent=all(outcome.is_permanent for outcome in failed),
        jitter=secrets.SystemRandom().random(),
    )
    now = timezone.now()
    return max(wait, *(outcome.paused_until - now for outcome in failed if outcome.paused_until), timedelta())


def _broken(warehouse: Warehouse) -> Verdict:
    wait = retry_delay(warehouse.failures + 1, is_permanent=False, jitter=secrets.SystemRandom().random())
    message = "Discovery ended by an error of our own; the log of the worker has the details"
    return Verdict(WarehousePhase.FAILED, message, wait)


def _finish(
    lease: Lease, warehouse: Warehouse, outcomes: Sequence[Outcome], verdict: Verdict, *, started_at: datetime
) -> None:
    """Write what was found, make freight, set the next look: all or nothing, and only while the lease holds.

    When somebody changed the warehouse meanwhile only the lists are written: whether they make freight is for the
    next look to say, by the new rules and at once.
    """
    now = timezone.now()
    due_at = now + verdict.wait
    with transaction.atomic():
        locked = owned(lease).select_for_update().first()
        if not isinstance(locked, Warehouse):
            return
        for outcome in outcomes:
            _save(outcome, now=now)
        if locked.generation != warehouse.generation:
            _give_back(lease, warehouse)
            wake(CHECK_TASK, lease.pk)
            return
        fields: dict[str, Any] = {
            "phase": verdict.phase,
            "message": verdict.message,
            "checked_at": now,
            "failures": 0,
            "waiting": verdict.proposal.waiting_json if verdict.proposal else [],
        }
        if verdict.phase == WarehousePhase.FAILED:
            fields["failures"] = F("failures") + 1
            fields["message"] = f"{verdict.message.rstrip('.')}. Next try at {due_at:%H:%M:%S} UTC."
        else:
            fields["observed_generation"] = warehouse.generation
        if verdict.proposal is not None and verdict.proposal.items is not None:
            made = _make_freight(locked, verdict.proposal, now=now)
            fields |= made.columns
            due_at = min(due_at, made.look_again_at or due_at)
        owned(lease).update(**fields)
        Warehouse.objects.filter(pk=lease.pk, refresh_requested_at__lte=started_at).update(refresh_requested_at=None)
        release(lease, due_at=due_at)
        announce(warehouse.project, f"warehouse:{warehouse.name}", now=now)
    logger.info("Warehouse checked", extra={"warehouse": warehouse.pk, "phase": verdict.phase})


def _save(outcome: Outcome, *, now: datetime) -> None:
    row, found = outcome.row, outcome.discovery
    row.checked_at, row.error, row.paused_until = now, outcome.error, outcome.paused_until
    if found is not None:
        row.found, row.observed = list(found.found), found.observed
        ignored = [{"version": name, "reason": why} for name, why in found.ignored[:MAX_IGNORED]]
        # A look that found nothing new brings back the part that was kept, which must not be counted as all.
        if ignored != row.ignored or len(found.ignored) > MAX_IGNORED:
            row.ignored, row.ignored_by_rule = ignored, count_by_rule(found.ignored)
    columns = ("found", "ignored", "ignored_by_rule", "observed", "error", "paused_until", "checked_at")
    Subscription.objects.filter(pk=row.pk, kind=row.kind, repo_url=row.repo_url, position=row.position).update(
        **{column: getattr(row, column) for column in columns}
    )


def _make_freight(warehouse: Warehouse, proposal: Proposal, *, now: datetime) -> Assembled:
    made = make_freight_when_quiet(warehouse, proposal, actor=ACTOR, now=now)
    logger.info("Freight proposed", extra={"warehouse": warehouse.pk, "freight": made.columns["proposed_name"]})
    return made


def _give_back(lease: Lease, warehouse: Warehouse) -> None:
    """The worker stops or has lost the row: leave it as it was, due at once for somebody else."""
    with transaction.atomic():
        owned(lease).update(phase=warehouse.phase)
        release(lease, due_at=timezone.now())


def _name(row: Subscription) -> str:
    named = f'subscription "{row.name}", ' if row.name else ""
    return f"{named}{row.kind} {row.repo_url}"
