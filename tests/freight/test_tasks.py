import threading
from datetime import timedelta

import pytest
from celery import current_app
from django.conf import settings
from django.utils import timezone

from freight import tasks
from freight.models import Freight, Warehouse
from freight.requests import request_refresh
from freight.surroundings import list_hosts
from projects import lanes
from projects.actors import OPERATOR
from tests.factories import make_project, make_warehouse

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sent():
    """What workers are asked to do: a function that takes all waiting messages, as (task name, arguments)."""
    with current_app.connection() as connection, connection.SimpleQueue("celery") as queue:

        def take_all():
            taken = []
            while queue.qsize():
                message = queue.get_nowait()
                message.ack()
                taken.append((message.headers["task"], *message.payload[0]))
            return taken

        take_all()
        yield take_all


def test_a_refresh_sends_a_wake_up(sent):
    warehouse = make_warehouse(make_project())

    request_refresh(OPERATOR, warehouse, now=timezone.now())

    assert sent() == [("freight.check_warehouse", warehouse.pk)]


def test_the_tick_sends_due_warehouses_only(sent):
    project, due_at = make_project(), timezone.now() - timedelta(seconds=1.1)
    late = make_warehouse(project, "late", due_at=due_at)
    make_warehouse(project, "early", due_at=timezone.now() + timedelta(minutes=1))

    tasks.tick()

    assert sent() == [("freight.check_warehouse", late.pk)]


def test_the_task_checks_a_due_warehouse(oci):
    oci.push_image("app", "1.0.0")
    subscriptions = [{"image": {"repoURL": f"{oci.host}/app"}}]
    warehouse = make_warehouse(make_project(), subscriptions=subscriptions, due_at=timezone.now())

    tasks.check_warehouse(warehouse.pk)

    assert Freight.objects.get().artifacts.get().tag == "1.0.0"


def test_a_busy_worker_checks_the_warehouse_as_soon_as_it_can_without_holding_a_thread(oci):
    oci.push_image("app", "1.0.0")
    subscriptions = [{"image": {"repoURL": f"{oci.host}/app"}}]
    warehouse = make_warehouse(make_project(), subscriptions=subscriptions, due_at=timezone.now())
    begun, end = threading.Semaphore(0), threading.Event()

    def work(_: int) -> None:
        begun.release()
        assert end.wait(10)

    threads = [threading.Thread(target=lanes.looks.run, args=(work, n)) for n in range(settings.LOOKS_AT_ONCE)]
    for thread in threads:
        thread.start()
        assert begun.acquire(timeout=10)

    tasks.check_warehouse(warehouse.pk)

    assert not Freight.objects.exists()
    end.set()
    for thread in threads:
        thread.join(10)
    assert Freight.objects.get().artifacts.get().tag == "1.0.0"


def test_looks_at_one_slow_host_do_not_delay_looks_elsewhere(oci):
    oci.push_image("app", "1.0.0")
    project, image = make_project(), {"image": {"repoURL": f"{oci.host}/app"}}
    elsewhere = make_warehouse(project, subscriptions=[image], due_at=timezone.now())
    slow = {"image": {"repoURL": "slow.example.com/app"}}
    behind = make_warehouse(project, "behind", subscriptions=[image, slow], due_at=timezone.now())
    begun, end = threading.Semaphore(0), threading.Event()

    def work(_: int) -> None:
        begun.release()
        assert end.wait(10)

    keys = {"keys": list_hosts(make_warehouse(project, "slow", subscriptions=[slow]).pk)}
    threads = [threading.Thread(target=lanes.looks.run, args=(work, n), kwargs=keys) for n in range(5)]
    for thread in threads:
        thread.start()
    for _ in range(settings.LOOKS_AT_ONCE // 2):
        assert begun.acquire(timeout=10)

    tasks.check_warehouse(elsewhere.pk)
    tasks.check_warehouse(behind.pk)

    elsewhere.refresh_from_db()
    behind.refresh_from_db()
    assert (elsewhere.phase, behind.phase) == ("Ready", "NeverChecked")
    Warehouse.objects.filter(pk=behind.pk).update(due_at=None)
    end.set()
    for thread in threads:
        thread.join(10)


@pytest.mark.parametrize(
    ("subscription", "host"),
    [
        ({"git": {"repoURL": "https://bot:pw@git.example.com:8443/a/b.git"}}, {"git.example.com:8443"}),
        ({"git": {"repoURL": "git@git.example.com:a/b.git"}}, {"git.example.com"}),
        ({"image": {"repoURL": "nginx"}}, {"docker.io"}),
        ({"image": {"repoURL": "UPPER//"}}, set()),
        ({"chart": {"repoURL": "oci://ghcr.io/acme/charts/app"}}, {"ghcr.io"}),
        ({"chart": {"repoURL": "https://charts.example.com/stable", "name": "app"}}, {"charts.example.com"}),
    ],
)
def test_knows_the_hosts_that_a_warehouse_watches(subscription, host):
    assert list_hosts(make_warehouse(make_project(), subscriptions=[subscription]).pk) == host


def test_the_task_does_nothing_for_a_warehouse_that_was_deleted():
    tasks.check_warehouse(404)

    assert not Freight.objects.exists()


def test_tasks_have_the_names_that_others_send():
    assert (tasks.tick.name, tasks.check_warehouse.name) == ("freight.tick", "freight.check_warehouse")
