"""Promotions a minute with 1, 2, 4 and 8 worker slots: 40 stages that are all asked for at once, real worker and
scheduler processes, on SQLite and on PostgreSQL.

Each promotion checks a branch out, edits a file, commits and pushes; all branches are in one repository. Two cores
are the limit of what slots can bring: git, git host, worker and database share them.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.figures import percentile, report
from benchmarks.git_host import GitHost
from benchmarks.site import configure, run_all_due
from integrations.process_guardian import forget, watch

_STAGES, _SLOTS = 40, (1, 2, 4, 8)
_LONGEST_SECONDS, _LOOK_SECONDS = 90.0, 0.05
# Of one database; on a busy machine the last slot counts are left out.
_ENOUGH_SECONDS = 75.0

_ORIGIN = """
apiVersion: kargo.akuity.io/v1alpha1
kind: Project
metadata: {{name: bench}}
---
apiVersion: kargo.akuity.io/v1alpha1
kind: Warehouse
metadata: {{name: config, namespace: bench}}
spec:
  subscriptions:
  - git: {{repoURL: {url}, branch: main}}
"""

_STAGE = """---
apiVersion: kargo.akuity.io/v1alpha1
kind: Stage
metadata: {{name: {name}, namespace: bench}}
spec:
  requestedFreight:
  - origin: {{kind: Warehouse, name: config}}
    sources: {{direct: true}}
  promotionTemplate:
    spec:
      steps:
      - uses: git-clone
        config:
          repoURL: {url}
          checkout:
          - branch: env/{name}
            path: ./out
      - uses: yaml-update
        config:
          path: ./out/values.yaml
          updates:
          - key: revision
            value: ${{{{ ctx.promotion }}}}
      - uses: git-commit
        config: {{path: ./out, message: "Release ${{{{ ctx.promotion }}}}"}}
      - uses: git-push
        config: {{path: ./out}}
"""


def measure(database: str, directory: Path) -> bool:
    """All figures of one database, which `configure` has been pointed at; True when nothing went wrong."""
    names = [f"stage-{number:02d}" for number in range(_STAGES)]
    with GitHost(directory / "git") as host:
        host.repositories.create("config", {"values.yaml": "revision: none\n"})
        for name in names:
            host.repositories.commit("config", {"values.yaml": "revision: none\n"}, "Begin", branch=f"env/{name}")
        url = host.url("config")
        _apply(_ORIGIN.format(url=url) + "".join(_STAGE.format(name=name, url=url) for name in names))
        rates: list[float] = []
        errors = 0
        started_at = time.monotonic()
        for slots in _SLOTS:
            if time.monotonic() - started_at > _ENOUGH_SECONDS:
                print(f"{slots} slots were not measured: the machine is busy", flush=True)
                continue
            with _workers(directory, slots) as logs:
                rate, durations, failures = _promote_all()
            locked = sum(log.read_text().count("database is locked") for log in logs)
            rates.append(rate)
            errors += failures + locked
            note = (
                f"{rate / rates[0]:.2f} x one slot; one promotion p50 {percentile(durations, 0.5):.2f} s, "
                f"p95 {percentile(durations, 0.95):.2f} s; {failures} failed, {locked} x database is locked"
            )
            report(f"promotions a minute, {database}, {slots} slots", rate, "/min", note=note)
    return report(f"errors, {database}", errors, "", budget=0)


def _apply(manifests: str) -> None:
    from django.utils import timezone

    from freight.discovery import check_warehouse
    from freight.models import Warehouse
    from projects.actors import OPERATOR
    from promotions.changesets import SourceText, apply_changes, plan_changes

    changes = plan_changes([SourceText("bench.yaml", manifests)])
    assert not changes.errors, changes.errors
    apply_changes(OPERATOR, changes, now=timezone.now())
    check_warehouse(Warehouse.objects.get().pk)
    run_all_due()


@contextmanager
def _workers(directory: Path, slots: int) -> Iterator[list[Path]]:
    """A worker and a scheduler as `kargoweb up --concurrency` starts them; yields their logs."""
    from kargoweb.supervisor import child_commands

    commands = child_commands(host="127.0.0.1", port=0, demo=False)
    environment = {**os.environ, "KARGOWEB_CONCURRENCY": str(slots)}
    running: list[subprocess.Popen[bytes]] = []
    logs: list[Path] = []
    try:
        for name in ("worker", "scheduler"):
            logs.append(directory / f"{name}-{slots}.log")
            with logs[-1].open("wb") as log:
                running.append(
                    subprocess.Popen(commands[name], env=environment, stdout=log, stderr=log, start_new_session=True)
                )
            watch(running[-1].pid)
        _wait_for(lambda: " ready." in logs[0].read_text(), f"worker with {slots} slots")
        yield logs
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait()
            forget(process.pid)


def _promote_all() -> tuple[float, list[float], int]:
    """Ask for all stages at once; gives promotions a minute, seconds from start to end of each, and failures."""
    from django.utils import timezone

    from freight.models import Freight
    from projects.actors import OPERATOR
    from promotions.models import Promotion, Stage
    from promotions.requests import request_promotion

    freight = Freight.objects.get()
    started_at = time.monotonic()
    asked = [
        request_promotion(OPERATOR, stage, freight, rights=None, now=timezone.now()).pk
        for stage in Stage.objects.select_related("project")
    ]
    promotions = Promotion.objects.filter(pk__in=asked)
    _wait_for(lambda: not promotions.filter(recorded_at=None).exists(), f"{len(asked)} promotions")
    minutes = (time.monotonic() - started_at) / 60
    rows = list(promotions)
    durations = [
        (row.finished_at - row.started_at).total_seconds() for row in rows if row.finished_at and row.started_at
    ]
    return len(rows) / minutes, durations, sum(row.phase != "Succeeded" for row in rows)


def _wait_for(is_there: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _LONGEST_SECONDS
    while not is_there():
        if time.monotonic() > deadline:
            raise TimeoutError(f"no end of waiting for {what} after {_LONGEST_SECONDS:g} s")
        time.sleep(_LOOK_SECONDS)


def main(names: list[str]) -> int:
    """Each database in a process of its own, as one process has one."""
    if names:
        with tempfile.TemporaryDirectory(prefix="kargoweb-bench-") as name:
            directory = Path(name)
            address = {"DATABASE_URL": names[1]} if len(names) > 1 else {}
            # The worker says at this level that it is ready.
            settings = {"CELERY_BROKER_URL": "embedded://localhost//", "KARGOWEB_LOG_LEVEL": "INFO", **address}
            configure(directory / "data", settings)
            return 0 if measure(names[0], directory) else 1
    from tests.servers.postgres import running_postgres

    command = [sys.executable, "-m", "benchmarks.throughput"]
    with running_postgres() as url:
        kept = [_run([*command, "SQLite"]), _run([*command, "PostgreSQL", url])]
    return 0 if all(kept) else 1


def _run(command: list[str]) -> bool:
    return subprocess.run(command, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
