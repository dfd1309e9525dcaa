"""57 warehouses watch one repository; one push; every one has its new freight. Fetches and seconds."""

import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.figures import report
from benchmarks.git_host import GitHost
from benchmarks.site import configure

_WAREHOUSES, _THREADS, _ROUNDS = 57, 4, 3

_HEAD = """
apiVersion: kargo.akuity.io/v1alpha1
kind: Project
metadata: {name: bench}
"""
_WAREHOUSE = """---
apiVersion: kargo.akuity.io/v1alpha1
kind: Warehouse
metadata: {{name: watch-{number}, namespace: bench}}
spec:
  subscriptions:
  - git: {{repoURL: {url}, branch: main, includePaths: [dir-{number}, shared]}}
"""


def main() -> int:
    """Push a few times and report the worst round."""
    with tempfile.TemporaryDirectory(prefix="kargoweb-bench-") as name:
        directory = Path(name)
        configure(directory / "data")
        with GitHost(directory / "git") as host:
            host.repositories.create("app", {f"dir-{n}/values.yaml": "v: 0\n" for n in range(_WAREHOUSES)})
            _apply(host.url("app"))
            _refresh_all()
            rounds = []
            for number in range(_ROUNDS):
                host.repositories.commit("app", {"shared/values.yaml": f"v: {number}\n"}, f"Change {number}")
                before = host.counts()
                seconds = _refresh_all()
                after = host.counts()
                rounds.append((after["fetch"] - before["fetch"], after["list"] - before["list"], seconds))
            _check_freight(_ROUNDS + 1)
    note = f"{_WAREHOUSES} warehouses, {_THREADS} threads of one worker"
    kept = report("one push: fetches", max(r[0] for r in rounds), "", budget=1, note=note)
    report("one push: looks at the refs", max(r[1] for r in rounds) - 1, "", note="beside that of the fetch")
    return 0 if report("one push: all discovered", max(r[2] for r in rounds), "s", budget=3) and kept else 1


def _apply(url: str) -> None:
    from django.utils import timezone

    from projects.actors import OPERATOR
    from promotions.changesets import SourceText, apply_changes, plan_changes

    text = _HEAD + "".join(_WAREHOUSE.format(number=number, url=url) for number in range(_WAREHOUSES))
    changes = plan_changes([SourceText("bench.yaml", text)])
    assert not changes.errors, changes.errors
    apply_changes(OPERATOR, changes, now=timezone.now())


def _refresh_all() -> float:
    """Ask all to look, as a webhook does, and work as the threads of one worker do; returns the seconds."""
    from django.utils import timezone

    from freight.models import Warehouse
    from freight.requests import request_refresh
    from projects.actors import OPERATOR

    started_at = time.perf_counter()
    warehouses = list(Warehouse.objects.select_related("project"))
    for warehouse in warehouses:
        request_refresh(OPERATOR, warehouse, now=timezone.now())
    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(_check, [warehouse.pk for warehouse in warehouses]))
    return time.perf_counter() - started_at


def _check(pk: int) -> None:
    from django.db import connection

    from freight.discovery import check_warehouse

    try:
        check_warehouse(pk)
    finally:
        connection.close()


def _check_freight(expected: int) -> None:
    from freight.models import Warehouse

    counts = {warehouse.name: warehouse.freight.count() for warehouse in Warehouse.objects.all()}
    assert set(counts.values()) == {expected}, counts


if __name__ == "__main__":
    sys.exit(main())
