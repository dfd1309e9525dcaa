"""Who looks at a warehouse, and when: leases, races, refreshes, the tick."""

import os
import threading
import time
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from freight.discovery import check_warehouse, list_due_warehouses, retry_delay
from freight.models import Freight, Warehouse
from freight.requests import request_refresh
from projects import shutdown
from projects.actors import OPERATOR
from projects.leases import claim
from projects.models import AuditEntry
from tests.factories import make_project, make_warehouse

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


def app_image(oci):
    return {"image": {"repoURL": f"{oci.host}/app"}}


def test_a_warehouse_that_is_not_due_is_left_alone(oci):
    warehouse = make_warehouse(make_project(), subscriptions=[app_image(oci)])

    check_warehouse(warehouse.pk)

    assert oci.count() == 0


def test_only_one_worker_looks_at_a_time(oci):
    warehouse = make_warehouse(make_project(), subscriptions=[app_image(oci)], due_at=timezone.now())
    claim(Warehouse, warehouse.pk, now=timezone.now(), length=MINUTE)

    check_warehouse(warehouse.pk)

    assert oci.count() == 0


def test_the_look_of_a_dead_worker_is_taken_over(oci, check):
    oci.push_image("app", "1.0.0")
    warehouse = make_warehouse(make_project(), subscriptions=[app_image(oci)], due_at=timezone.now() - MINUTE)
    claim(Warehouse, warehouse.pk, now=timezone.now() - MINUTE, length=timedelta(seconds=30))

    check_warehouse(warehouse.pk)

    warehouse.refresh_from_db()
    assert warehouse.phase == "Ready"


def test_a_stopping_worker_gives_the_warehouse_back(oci, check):
    oci.push_image("app", "1.0.0")
    warehouse = make_warehouse(make_project(), subscriptions=[app_image(oci)])
    shutdown.requested.set()
    try:
        warehouse = check(warehouse)
    finally:
        shutdown.requested.clear()

    assert warehouse.phase == "NeverChecked"
    assert warehouse.lease_token is None
    assert warehouse.due_at <= timezone.now()


def test_a_refresh_makes_the_warehouse_due_and_is_done_with_the_look(oci):
    oci.push_image("app", "1.0.0")
    warehouse = make_warehouse(make_project(), subscriptions=[app_image(oci)])
    request_refresh(OPERATOR, warehouse, now=timezone.now())

    check_warehouse(warehouse.pk)

    warehouse.refresh_from_db()
    assert warehouse.phase == "Ready"
    assert warehouse.refresh_requested_at is None
    assert AuditEntry.objects.get(action="refreshed").target_name == "main"


def test_warehouses_refreshed_by_one_push_share_one_look_at_the_remote(git):
    git.create("app", {"readme": "hello"})
    subscriptions = [{"git": {"repoURL": git.url("app")}}]
    project = make_project()
    warehouses = [make_warehouse(project, f"w{number}", subscriptions) for number in range(5)]
    for warehouse in warehouses:
        request_refresh(OPERATOR, warehouse, now=timezone.now())

    for warehouse in warehouses:
        check_warehouse(warehouse.pk)

    assert Freight.objects.count() == 5
    assert git.requests["app", "list"] <= 2
    assert git.requests["app", "fetch"] == 1


def test_the_tick_hands_out_every_due_warehouse_longest_waiting_first():
    project, now = make_project(), timezone.now()
    rows = [make_warehouse(project, f"w{number}", due_at=now - timedelta(seconds=number)) for number in range(4)]
    make_warehouse(project, "later", due_at=now + MINUTE)
    make_warehouse(project, "never")

    assert list_due_warehouses(now=now) == [row.pk for row in reversed(rows)]


def test_waits_longer_after_each_failure_but_never_beyond_five_minutes():
    waits = [retry_delay(count, is_permanent=False, jitter=1).total_seconds() for count in range(1, 9)]

    assert waits == [5, 10, 20, 40, 80, 160, 300, 300]
    assert retry_delay(3, is_permanent=False, jitter=0) == timedelta(seconds=16)
    assert retry_delay(1, is_permanent=True, jitter=0) == timedelta(minutes=4)
    assert retry_delay(1, is_permanent=False, jitter=0) == timedelta(seconds=5)


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_lost_its_lease_writes_nothing(oci):
    oci.push_image("app", "1.0.0")
    oci.faults.delay_seconds = 0.3
    warehouse = make_warehouse(make_project(), subscriptions=[app_image(oci)], due_at=timezone.now())
    worker = in_thread(check_warehouse, warehouse.pk)
    wait_until(lambda: oci.count() > 0)
    taken_by = uuid.uuid4()

    Warehouse.objects.filter(pk=warehouse.pk).update(lease_token=taken_by)
    worker.join()

    warehouse.refresh_from_db()
    assert (warehouse.phase, warehouse.lease_token) == ("Checking", taken_by)
    assert warehouse.subscriptions.get().found == []
    assert not Freight.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_workers_that_race_one_looks(oci):
    oci.push_image("app", "1.0.0")
    warehouse = make_warehouse(make_project(), subscriptions=[app_image(oci)], due_at=timezone.now())

    workers = [in_thread(check_warehouse, warehouse.pk) for _ in range(4)]
    for worker in workers:
        worker.join()

    assert oci.count("tags") == 1
    assert Freight.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_refresh_during_a_look_brings_another_look(oci):
    oci.push_image("app", "1.0.0")
    oci.faults.delay_seconds = 0.3
    warehouse = make_warehouse(make_project(), subscriptions=[app_image(oci)], due_at=timezone.now())
    worker = in_thread(check_warehouse, warehouse.pk)
    wait_until(lambda: oci.count() > 0)
    warehouse.refresh_from_db()
    assert warehouse.phase == "Checking"

    request_refresh(OPERATOR, warehouse, now=timezone.now())
    worker.join()

    warehouse.refresh_from_db()
    assert warehouse.phase == "Ready"
    assert warehouse.due_at <= timezone.now()
    assert warehouse.refresh_requested_at is not None


@pytest.mark.django_db(transaction=True)
def test_a_change_of_the_warehouse_during_a_look_makes_no_freight_by_the_old_rules(oci):
    oci.push_image("app", "1.0.0")
    oci.faults.delay_seconds = 0.3
    warehouse = make_warehouse(make_project(), subscriptions=[app_image(oci)], due_at=timezone.now())
    worker = in_thread(check_warehouse, warehouse.pk)
    wait_until(lambda: oci.count() > 0)

    spec = {**warehouse.spec, "freightCreationPolicy": "Manual"}
    Warehouse.objects.filter(pk=warehouse.pk).update(spec=spec, generation=warehouse.generation + 1)
    worker.join()

    warehouse.refresh_from_db()
    assert not Freight.objects.exists()
    assert [item["tag"] for item in warehouse.subscriptions.get().found] == ["1.0.0"]
    assert (warehouse.phase, warehouse.lease_token) == ("NeverChecked", None)
    assert warehouse.due_at <= timezone.now()


def test_a_look_packs_a_mirror_that_is_due(git, check, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    git.create("app", {"readme": "hello"})
    warehouse = check(make_warehouse(make_project(), subscriptions=[{"git": {"repoURL": git.url("app")}}]))
    (description,) = (settings.DATA_DIR / "mirrors").glob("*.git/description")
    long_ago = time.time() - 2 * 86_400
    os.utime(description, (long_ago, long_ago))

    check(warehouse)

    assert (description.parent / "kargoweb-packed").exists()


def in_thread(work, *arguments):
    def run():
        try:
            work(*arguments)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def wait_until(condition, *, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.01)
