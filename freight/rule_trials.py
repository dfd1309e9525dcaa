"""Trials of rules: a real look at a repository by a rule that nobody has saved, done by a worker.

The web process writes the row; what was found stays in it and never reaches the warehouse.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from freight.manifests import SubscriptionManifest
from freight.models import RuleTrial, TrialPhase, Warehouse
from freight.proposals import count_by_rule
from freight.selection.errors import SelectorError
from freight.subscriptions.base import MAX_IGNORED, SubscriptionUnusable
from freight.subscriptions.registry import get_type
from freight.surroundings import make_surroundings
from integrations.errors import Aborted, IntegrationError
from projects import shutdown
from projects.actors import Actor
from projects.audit import record
from projects.credentials import find_credential
from projects.errors import DomainError
from projects.leases import Lease, claim, kept, owned, release
from projects.wakeup import wake

logger = logging.getLogger(__name__)

TRIAL_TASK = "freight.run_rule_trial"
_KEPT = timedelta(days=1)
# One warehouse keeps so many looks going at once: each may read a whole registry.
_MOST_LIVE = 3


def request_trial(
    actor: Actor, warehouse: Warehouse, position: int, rule: SubscriptionManifest, *, text: str, now: datetime
) -> RuleTrial:
    """Have a worker look with this rule; `text` is the rule as it was written.

    Raises DomainError when too many trials of the warehouse run.
    """
    with transaction.atomic():
        Warehouse.objects.select_for_update().get(pk=warehouse.pk)
        live = warehouse.trials.filter(phase__in=(TrialPhase.PENDING, TrialPhase.RUNNING)).count()
        if live >= _MOST_LIVE:
            raise DomainError(f"{live} trials of this warehouse are still looking. Wait until one of them is done.")
        trial = RuleTrial.objects.create(
            warehouse=warehouse,
            position=position,
            subscription=rule.normalised(),
            text=text,
            requested_by=actor.label,
            created_at=now,
            due_at=now,
        )
        record(
            actor,
            "tried a rule",
            project=warehouse.project,
            target_kind="Warehouse",
            target_name=warehouse.name,
            facts={"subscription": position + 1},
            at=now,
        )
        wake(TRIAL_TASK, trial.pk)
    return trial


def run_trial(trial_id: int) -> None:
    """Look once; does nothing when the trial ended or somebody else looks."""
    lease = claim(RuleTrial, trial_id, now=timezone.now(), length=settings.LEASE)
    if lease is None:
        return
    with kept(lease) as lost:
        trial = RuleTrial.objects.select_related("warehouse__project").get(pk=trial_id)
        owned(lease).update(phase=TrialPhase.RUNNING)
        try:
            columns = _look(trial, lambda: lost.is_set() or shutdown.requested.is_set())
        except Aborted:
            owned(lease).update(phase=TrialPhase.PENDING)
            release(lease, due_at=timezone.now())
            return
        except Exception:
            logger.exception("A trial of a rule broke", extra={"trial": trial_id})
            columns = {
                "phase": TrialPhase.FAILED,
                "error": "It ended by an error of our own; the worker's log has the details.",
            }
        _finish(lease, trial, columns)


def forget_old_trials(*, now: datetime) -> None:
    """Delete trials that ended a day ago."""
    RuleTrial.objects.filter(created_at__lt=now - _KEPT, lease_until__isnull=True).delete()


def _look(trial: RuleTrial, should_stop: Callable[[], bool]) -> dict[str, Any]:
    warehouse, item = trial.warehouse, trial.subscription
    kind_name = next(key for key in item if key != "name")
    try:
        kind, spec = get_type(kind_name), item[kind_name]
        credentials = find_credential(warehouse.project, kind.credential_kind, spec["repoURL"])
        around = make_surroundings(warehouse.project.name, should_stop=should_stop, seen_after=trial.created_at)
        found = kind.discover(spec, replace(around, credentials=credentials))
    except Aborted:
        raise
    except IntegrationError as error:
        return {"phase": TrialPhase.FAILED, "error": error.message}
    except (SelectorError, SubscriptionUnusable, DomainError) as error:
        return {"phase": TrialPhase.FAILED, "error": str(error)}
    return {
        "phase": TrialPhase.READY,
        "found": list(found.found),
        "ignored": [{"version": name, "reason": why} for name, why in found.ignored[:MAX_IGNORED]],
        "ignored_by_rule": count_by_rule(found.ignored),
    }


def _finish(lease: Lease, trial: RuleTrial, columns: dict[str, Any]) -> None:
    with transaction.atomic():
        owned(lease).update(finished_at=timezone.now(), **columns)
        release(lease, due_at=None)
    logger.info("Rule tried", extra={"trial": trial.pk, "phase": columns["phase"]})
