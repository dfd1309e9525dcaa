"""Checks what promotions need and names the remedy for what is missing."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from kombu import Connection
from kombu.exceptions import OperationalError

from freight.models import Warehouse, WarehousePhase
from integrations.errors import IntegrationError
from integrations.helm.program import find_helm
from integrations.kustomize import find_kustomize
from integrations.programs import ProgramMissing
from projects.credential_state import list_expiring, list_unreadable
from projects.heartbeats import find_last_beat, is_silent
from projects.models import Credential
from promotions.engine import ArgoCDConnection, read_site
from promotions.steps.custom import SETTING, CustomStep
from promotions.steps.registry import list_custom

_LEAST_FREE_BYTES = 1024**3
_OLDEST_GIT = (2, 31)
_ARGOCD_TIMEOUT = timedelta(seconds=10)


class State(StrEnum):
    """How a check ended; a warning stops no promotion that does not need the thing."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was seen, and the remedy when something is wrong."""

    name: str
    state: State
    evidence: str
    remedy: str = ""


def examine(*, now: datetime) -> list[Finding]:
    """Run every check; one that cannot run is a finding too."""
    checks: dict[str, Callable[[], Finding]] = {
        "database": _check_database,
        "migrations": _check_migrations,
        "broker": _check_broker,
        "workers": lambda: _check_workers(now),
        "git": _check_git,
        "kustomize": _check_kustomize,
        "helm": _check_helm,
        "disk": _check_disk,
        "argocd": _check_argocd,
        "warehouses": _check_warehouses,
        "credentials": lambda: _check_credentials(now),
        "custom steps": _check_custom_steps,
    }
    findings = []
    for name, check in checks.items():
        try:
            findings.append(check())
        except DatabaseError as error:
            findings.append(Finding(name, State.FAILED, f"needs the database: {error}", "Mend the database first."))
    return findings


def to_json(findings: list[Finding]) -> dict[str, Any]:
    """{"ok": bool, "findings": [{"name", "state", "evidence", "remedy"}]}."""
    return {
        "ok": all(f.state is not State.FAILED for f in findings),
        "findings": [asdict(f) for f in findings],
    }


def _check_database() -> Finding:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return Finding("database", State.OK, connection.vendor)


def _check_migrations() -> Finding:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        names = ", ".join(f"{m.app_label}.{m.name}" for m, _ in missing[:3])
        return Finding(
            "migrations",
            State.FAILED,
            f"{len(missing)} not applied: {names}",
            "Run `kargoweb up` or `manage.py migrate`.",
        )
    return Finding("migrations", State.OK, "all applied")


def _check_broker() -> Finding:
    url = settings.CELERY_BROKER_URL
    shown = url.rpartition("@")[2]
    try:
        with Connection(url, transport_options=settings.CELERY_BROKER_TRANSPORT_OPTIONS, connect_timeout=3) as broker:
            broker.ensure_connection(max_retries=1, interval_start=0)
    except (OperationalError, OSError) as error:
        remedy = "Start the broker, or correct CELERY_BROKER_URL. Nothing is lost: queued work waits in the database."
        return Finding("broker", State.FAILED, f"{shown}: {error}", remedy)
    return Finding("broker", State.OK, shown)


def _check_workers(now: datetime) -> Finding:
    last = find_last_beat("worker")
    if is_silent("worker", now=now):
        since = f"no sign of life since {last:%Y-%m-%d %H:%M:%S} UTC" if last else "none was ever seen"
        return Finding(
            "workers", State.FAILED, since, "Start a worker and the scheduler: `kargoweb up`, or see deploy/."
        )
    return Finding("workers", State.OK, f"last sign of life {last:%H:%M:%S} UTC")


def _check_git() -> Finding:
    if shutil.which("git") is None:
        return Finding("git", State.FAILED, "not on PATH", "Install git 2.31 or newer.")
    text = subprocess.run(
        ["git", "--version"], capture_output=True, text=True, timeout=10, check=False
    ).stdout.strip()
    digits = [part for part in text.split()[-1].split(".") if part.isdigit()] if text else []
    if tuple(int(part) for part in digits[:2]) < _OLDEST_GIT:
        return Finding("git", State.FAILED, text or "does not run", "Install git 2.31 or newer.")
    return Finding("git", State.OK, text)


def _check_kustomize() -> Finding:
    try:
        found = find_kustomize(settings.KUSTOMIZE)
    except ProgramMissing as error:
        return _miss("kustomize", error, "kustomize-build")
    return Finding("kustomize", State.OK, f"{found.version} at {found.path}")


def _check_helm() -> Finding:
    try:
        found = find_helm(settings.HELM)
    except ProgramMissing as error:
        return _miss("helm", error, "helm-template, helm-update-chart, or charts in kustomizations")
    return Finding("helm", State.OK, f"{found.version} at {found.path}")


def _miss(name: str, error: ProgramMissing, used_by: str) -> Finding:
    return Finding(name, State.WARNING, error.what, f"If a template uses {used_by}: {error.remedy}.")


def _check_disk() -> Finding:
    free = shutil.disk_usage(settings.DATA_DIR).free
    shown = f"{free / 1024**3:.1f} GiB free in {settings.DATA_DIR}"
    if free < _LEAST_FREE_BYTES:
        return Finding("disk", State.FAILED, shown, "Free some space, or move KARGOWEB_DATA_DIR to a larger disk.")
    return Finding("disk", State.OK, shown)


def _check_argocd() -> Finding:
    if not settings.ARGOCD_URL:
        return Finding("argocd", State.OK, "not connected: KARGOWEB_ARGOCD_URL is not set")
    shown, site = settings.ARGOCD_URL.rpartition("@")[2], read_site()
    if site.argocd is None:
        remedy = "Set KARGOWEB_ARGOCD_TOKEN (or KARGOWEB_ARGOCD_TOKEN_FILE) to a token of an Argo CD account."
        return Finding("argocd", State.FAILED, f"{shown}: there is no token", remedy)
    policy = replace(site.http_policy, attempts=1, timeout=_ARGOCD_TIMEOUT)
    try:
        with ArgoCDConnection(site.argocd, policy).connect() as argocd:
            user = argocd.find_user()
    except IntegrationError as error:
        remedy = (
            "Correct KARGOWEB_ARGOCD_URL or KARGOWEB_ARGOCD_TOKEN; docs/howto/argo-cd.md says what the account needs."
        )
        return Finding("argocd", State.FAILED, str(error), remedy)
    return Finding("argocd", State.OK, f'{shown} as "{user}"')


def _check_credentials(now: datetime) -> Finding:
    expiring = list_expiring(today=now.date())
    unreadable = list_unreadable()
    shown = "; ".join([*expiring, *(f"{name} cannot be read with this key" for name in unreadable)])
    if not shown:
        return Finding("credentials", State.OK, f"{Credential.objects.count()}, none expires within two weeks")
    if unreadable:
        remedy = "Name the old key in KARGOWEB_OLD_SECRET_KEYS and run `kargoweb rotate-key`, or set them again."
        return Finding("credentials", State.FAILED, shown, remedy)
    return Finding("credentials", State.WARNING, shown, "Make new tokens at the hosts and set them on their pages.")


def _check_custom_steps() -> Finding:
    custom = list_custom()
    shown = "; ".join(_say_custom_step(item) for item in custom) or "none installed"
    if any(item.problem for item in custom):
        remedy = f"Correct or remove the package or its entry in {SETTING}, and restart web and workers."
        return Finding("custom steps", State.WARNING, shown, remedy)
    return Finding("custom steps", State.OK, shown)


def _say_custom_step(item: CustomStep) -> str:
    package = f" of {item.package} {item.version}".rstrip() if item.package else ""
    return f"{item.kind}{package}: {item.problem or ('allowed' if item.is_allowed else 'not allowed')}"


def _check_warehouses() -> Finding:
    failed = list(Warehouse.objects.filter(phase=WarehousePhase.FAILED).select_related("project")[:5])
    if failed:
        shown = "; ".join(f"{w.project.name}/{w.name}: {w.message}" for w in failed)
        return Finding(
            "warehouses",
            State.WARNING,
            shown,
            "Open the warehouse's page: it says what was refused and when it is tried next.",
        )
    return Finding("warehouses", State.OK, f"{Warehouse.objects.count()} without a failure")
