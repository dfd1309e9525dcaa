"""NewestBuild over 10,000 tags: requests cold, warm, with cacheByTag; and what a silent registry does to others."""

import contextlib
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.figures import report
from benchmarks.site import configure

_TAGS, _BUILT = 10_000, datetime(2020, 1, 1, tzinfo=UTC)
_HOST_RATE, _CHECK_SECONDS = 20, 120
_SILENT, _ELSEWHERE = 8, 8


def main() -> int:
    """Both cases in one process."""
    with tempfile.TemporaryDirectory(prefix="kargoweb-bench-") as name:
        # Here the requests are counted, not waited for.
        fast = {"KARGOWEB_REGISTRY_REQUESTS_PER_SECOND": "1000000", "KARGOWEB_REGISTRY_TIMEOUT": "30m"}
        configure(Path(name) / "data", fast)
        return 0 if all([_many_tags(), _silent_registry()]) else 1


def _many_tags() -> bool:
    from integrations.loopback.oci_registry import OciRegistry

    with OciRegistry() as registry:
        for number in range(_TAGS):
            registry.push_image("app", f"build-{number:05}", created=_BUILT + timedelta(minutes=number))
        plain = _make_warehouse("plain", f"{registry.host}/app", imageSelectionStrategy="NewestBuild")
        cold = _count(registry, lambda: _check(plain, f"build-{_TAGS - 1:05}"))
        warm = _count(registry, lambda: _check(plain, f"build-{_TAGS - 1:05}"))
        trusting = _make_warehouse(
            "trusting", f"{registry.host}/app", imageSelectionStrategy="NewestBuild", cacheByTag=True
        )
        trusted = _count(registry, lambda: _check(trusting, f"build-{_TAGS - 1:05}"))
        registry.push_image("app", "newest", created=datetime(2030, 1, 1, tzinfo=UTC))
        one_more = _count(registry, lambda: _check(trusting, "newest"))
    checks = cold[0] / _HOST_RATE / _CHECK_SECONDS
    kept = report("cold: requests", cold[0], "", budget=2.1 * _TAGS, note=f"{cold[1]:.1f} s of our own work")
    report("cold: checks of two minutes at 20 requests a second", checks, "", note="each goes on where one ended")
    kept &= report("warm: requests", warm[0], "", budget=1100, note=f"{warm[1]:.1f} s of our own work")
    kept &= report("cacheByTag, known: requests", trusted[0], "", budget=20, note=f"{trusted[1]:.1f} s")
    kept &= report("cacheByTag, one new tag: requests", one_more[0], "", budget=22, note=f"{one_more[1]:.1f} s")
    return kept


def _silent_registry() -> bool:
    """Many warehouses of a registry that takes connections and says nothing, beside others of a good one."""
    from integrations.loopback.oci_registry import OciRegistry
    from projects.lanes import looks

    with OciRegistry() as registry, _silence() as silent:
        registry.push_image("app", "1.0.0")
        slow = [_make_warehouse(f"silent-{n}", f"{silent}/app") for n in range(_SILENT)]
        good = [_make_warehouse(f"good-{n}", f"{registry.host}/app") for n in range(_ELSEWHERE)]
        threads = [
            threading.Thread(target=_work_in, args=(looks, warehouse, host), daemon=True)
            for host, group in ((silent, slow), (registry.host, good))
            for warehouse in group
        ]
        started_at = time.perf_counter()
        for thread in threads:
            thread.start()
        while _count_ready("good-") < _ELSEWHERE and time.perf_counter() - started_at < 60:
            time.sleep(0.02)
        seconds = time.perf_counter() - started_at
        note = f"{_ELSEWHERE} of them, behind {_SILENT} of a registry that says nothing"
        return report("other warehouses checked", seconds, "s", budget=5, note=note)


def _work_in(lane: Any, warehouse: int, host: str) -> None:
    from django.db import connection

    from freight.discovery import check_warehouse

    try:
        lane.run(check_warehouse, warehouse, keys=frozenset({host}))
    finally:
        connection.close()


@contextlib.contextmanager
def _silence() -> Iterator[str]:
    """host:port of a server that never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def _make_warehouse(name: str, repo_url: str, **rules: Any) -> int:
    from django.utils import timezone

    from freight.models import Warehouse
    from projects.models import Project

    project, _ = Project.objects.get_or_create(name="bench")
    spec = {"interval": "5m0s", "subscriptions": [{"image": {"repoURL": repo_url, **rules}}]}
    return Warehouse.objects.create(project=project, name=name, spec=spec, due_at=timezone.now()).pk


def _count_ready(prefix: str) -> int:
    from freight.models import Warehouse

    return Warehouse.objects.filter(name__startswith=prefix, phase="Ready").count()


def _check(warehouse: int, expected: str) -> None:
    """One check; the newest version must be the expected one."""
    from django.utils import timezone

    from freight.discovery import check_warehouse
    from freight.models import Subscription, Warehouse

    Warehouse.objects.filter(pk=warehouse).update(due_at=timezone.now())
    check_warehouse(warehouse)
    row = Subscription.objects.get(warehouse=warehouse)
    assert [item["tag"] for item in row.found[:1]] == [expected], row.error


def _count(registry: Any, work: Callable[[], None]) -> tuple[int, float]:
    """Requests the work made, and its seconds."""
    before, started_at = registry.count(), time.perf_counter()
    work()
    return registry.count() - before, time.perf_counter() - started_at


if __name__ == "__main__":
    sys.exit(main())
