"""Real servers on loopback for discovery, and a warehouse pass as a worker makes it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import timezone

from freight.discovery import check_warehouse
from freight.models import Warehouse
from integrations.loopback.git_server import GitServer
from integrations.loopback.oci_registry import OciRegistry


@pytest.fixture
def git(tmp_path: Path) -> Iterator[GitServer]:
    server = GitServer(tmp_path / "repositories")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def oci() -> Iterator[OciRegistry]:
    with OciRegistry() as registry:
        yield registry


@pytest.fixture
def check():
    """Make the warehouse due, let one pass run, and return it as it stands then."""

    def run(warehouse: Warehouse) -> Warehouse:
        Warehouse.objects.filter(pk=warehouse.pk).update(due_at=timezone.now())
        check_warehouse(warehouse.pk)
        warehouse.refresh_from_db()
        return warehouse

    return run
