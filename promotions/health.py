"""Health of what a stage holds: run the checks that its last promotion registered, and again every few minutes.

Asks systems outside, so it is a pass of its own, apart from the pass over the stage, and holds no transaction
while it asks. Its result is written only if the stage still stands where it stood before.
Source: Kargo code, stage controller (assessHealth), health aggregator and the checker of argocd-update.
Differs: no events tell of changes, so a stage that is not healthy is looked at again after half a minute; a stale
application is judged by what Argo CD's refresh brings.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from integrations.argocd.client import ArgoCD
from integrations.argocd.health import Assessment, assess_application
from integrations.errors import IntegrationError, NotFound
from projects.notices import announce
from projects.wakeup import wake
from promotions.engine import ArgoCDConnection, Site
from promotions.models import Health, Promotion, Stage
from promotions.phases import Phase
from promotions.steps.base import StepErrored

logger = logging.getLogger(__name__)

AGAIN_WHEN_HEALTHY = timedelta(minutes=5)
AGAIN_OTHERWISE = timedelta(seconds=30)
# A worker that dies in between: another one looks after this long.
_LONGEST_PASS = timedelta(minutes=2)
_LONGEST_ANSWER = timedelta(seconds=10)
_WORST_LAST = list(Health)


class Result(NamedTuple):
    """Health, and in sentences why it is not better."""

    health: Health
    issues: tuple[str, ...] = ()


def list_due(now: datetime) -> "QuerySet[Stage, int]":
    """Ids of stages whose checks are to be run, the longest due first."""
    return Stage.objects.filter(health_due_at__lte=now).order_by("health_due_at").values_list("pk", flat=True)


def assess_stage(stage_id: int, *, site: Site) -> None:
    """Run the checks of a stage if they are due, and tell the stage."""
    now = timezone.now()
    due = Stage.objects.filter(pk=stage_id, health_due_at__lte=now)
    if not due.update(health_due_at=now + _LONGEST_PASS):
        return
    stage = Stage.objects.select_related("project", "last_promotion").get(pk=stage_id)
    last = stage.last_promotion
    if last is None or last.phase != Phase.SUCCEEDED or not last.health_checks or stage.is_control_flow:
        Stage.objects.filter(pk=stage_id, last_promotion=last).update(health_due_at=None)
        return
    if stage.current_promotion_id is not None:
        # What it holds is being changed; its end makes the health due anew.
        Stage.objects.filter(pk=stage_id, last_promotion=last).update(health_due_at=now + AGAIN_WHEN_HEALTHY)
        return
    found = merge(run_check(check, site=site) for check in last.health_checks)
    _write(stage, last, found, now=timezone.now())


def merge(results: Iterable[Result]) -> Result:
    """The worst health of all, with all issues."""
    listed = list(results)
    health = max((result.health for result in listed), key=_WORST_LAST.index, default=Health.HEALTHY)
    return Result(health, tuple(dict.fromkeys(issue for result in listed for issue in result.issues)))


def run_check(check: Mapping[str, Any], *, site: Site) -> Result:
    """One registered check, {"uses", "config"}; what cannot be found out is Unknown."""
    run = _CHECKS.get(check.get("uses", ""))
    if run is None:
        return Result(Health.UNKNOWN, (f'There is no health check of kind "{check.get("uses", "")}"',))
    try:
        return run(check.get("config") or {}, site)
    except (StepErrored, IntegrationError) as error:
        return Result(Health.UNKNOWN, (str(error),))


def _check_argocd(config: Mapping[str, Any], site: Site) -> Result:
    """{"apps": [{"name", "namespace", "desiredRevisions"}]}"""
    # What does not answer now is asked again soon: tries here would only keep other stages waiting.
    policy = replace(site.http_policy, attempts=1, timeout=_LONGEST_ANSWER)
    with ArgoCDConnection(site.argocd, policy).connect() as argocd:
        return merge(_check_app(argocd, app) for app in config.get("apps") or ())


def _check_app(argocd: ArgoCD, expected: Mapping[str, Any]) -> Result:
    name, namespace = expected.get("name", ""), expected.get("namespace", "")
    try:
        app = argocd.get_application(name, namespace)
        assessed = assess_application(app, expected.get("desiredRevisions") or ())
        if app.is_stale or app.reconciled_at is None:
            assessed = _refresh(argocd, expected, assessed)
    except NotFound as error:
        text = f'unable to find Argo CD Application "{name}" in namespace "{namespace}": {error}'
        return Result(Health.UNKNOWN, (text,))
    return Result(Health(assessed.health), assessed.issues)


def _refresh(argocd: ArgoCD, expected: Mapping[str, Any], otherwise: Assessment) -> Assessment:
    try:
        app = argocd.refresh_application(expected["name"], expected["namespace"])
    except IntegrationError:
        # Asked for it was; the next look sees what came of it.
        return otherwise
    return assess_application(app, expected.get("desiredRevisions") or ())


_CHECKS: dict[str, Callable[[Mapping[str, Any], Site], Result]] = {"argocd-update": _check_argocd}


def _write(stage: Stage, last: Promotion, found: Result, *, now: datetime) -> None:
    """Store the result, unless a promotion began or ended while we asked; a change makes the stage look."""
    again = AGAIN_WHEN_HEALTHY if found.health == Health.HEALTHY else AGAIN_OTHERWISE
    fields: dict[str, Any] = {"health_due_at": now + again}
    is_new = (stage.health, list(stage.health_issues)) != (found.health, list(found.issues))
    if is_new:
        fields |= {"health": found.health, "health_issues": list(found.issues), "due_at": now}
    with transaction.atomic():
        rows = Stage.objects.filter(pk=stage.pk, last_promotion=last, current_promotion__isnull=True)
        if not rows.update(**fields) or not is_new:
            return
        logger.info("Health changed", extra={"stage": stage.name, "health": found.health, "was": stage.health})
        announce(stage.project, f"stage:{stage.name}", now=now)
        wake("promotions.reconcile_stage", stage.pk)
