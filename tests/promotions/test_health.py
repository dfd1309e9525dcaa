"""When the checks of a stage are run, what becomes of their results, and that an older look never wins."""

from datetime import timedelta

import pytest
from celery import current_app
from django.db import connection
from django.utils import timezone

from promotions.engine import read_site
from promotions.health import AGAIN_OTHERWISE, AGAIN_WHEN_HEALTHY, assess_stage, list_due
from promotions.models import Health, Stage, Verification
from promotions.phases import Phase
from promotions.reconciler import reconcile_stage
from promotions.tasks import tick
from tests.factories import make_freight, make_project, make_promotion, make_stage, make_warehouse
from tests.promotions.driving import drain
from tests.servers.argocd import TOKEN, ArgoCDServer

pytestmark = pytest.mark.django_db(transaction=True)

CHECK = {
    "uses": "argocd-update",
    "config": {"apps": [{"name": "a", "namespace": "argocd", "desiredRevisions": [""]}]},
}


@pytest.fixture(scope="module")
def shared_server():
    server = ArgoCDServer()
    yield server
    server.close()


@pytest.fixture
def server(shared_server, settings):
    shared_server.reset()
    settings.ARGOCD_URL, settings.ARGOCD_TOKEN = shared_server.url, TOKEN
    return shared_server


@pytest.fixture
def stage():
    """A stage whose last promotion succeeded and registered a check, as reconcile leaves it."""
    project = make_project()
    stage = make_stage(project, warehouse=(warehouse := make_warehouse(project)))
    make_promotion(stage, make_freight(warehouse), phase=Phase.SUCCEEDED, health_checks=[CHECK])
    Stage.objects.filter(pk=stage.pk).update(due_at=timezone.now())
    drain()
    stage.refresh_from_db()
    return stage


def assess(stage, *, later=timedelta()):
    """A look as if that much time had gone by."""
    stage.refresh_from_db()
    if stage.health_due_at:
        Stage.objects.filter(pk=stage.pk).update(health_due_at=stage.health_due_at - later)
    assess_stage(stage.pk, site=read_site())
    stage.refresh_from_db()


def test_a_stage_waits_for_its_first_look_before_it_verifies(server, stage):
    server.add(name="a")
    assert (stage.health, list(list_due(timezone.now()))) == ("", [stage.pk])
    assert not Verification.objects.exists()

    assess(stage)
    drain()

    assert stage.health == Health.HEALTHY
    assert Verification.objects.filter(stage=stage).exists()


def test_a_stage_that_is_not_well_is_looked_at_again_sooner(server, stage):
    app = server.add(name="a")
    assess(stage)
    in_five_minutes = stage.health_due_at - timezone.now()
    app["status"]["health"]["status"] = "Progressing"
    assess(stage, later=AGAIN_WHEN_HEALTHY)

    assert timedelta(minutes=4, seconds=50) < in_five_minutes <= AGAIN_WHEN_HEALTHY == timedelta(minutes=5)
    assert stage.health == Health.PROGRESSING
    assert timedelta(seconds=20) < stage.health_due_at - timezone.now() <= AGAIN_OTHERWISE


def test_the_stage_is_told_of_a_change_only(server, stage):
    server.add(name="a")
    assess(stage)
    was_told = stage.due_at is not None
    drain()
    assess(stage, later=AGAIN_WHEN_HEALTHY)

    assert (was_told, stage.due_at) == (True, None)


def test_a_promotion_that_began_meanwhile_wins(server, stage):
    server.add(name="a")
    other = make_promotion(stage, stage.last_promotion.freight, phase=Phase.RUNNING)
    Stage.objects.filter(pk=stage.pk).update(current_promotion=other)

    assess(stage)

    assert stage.health == ""
    assert server.seen == []
    assert stage.health_due_at > timezone.now()


def test_a_promotion_that_ended_during_the_look_wins(server, stage):
    server.add(name="a", health={"status": "Degraded"})
    failed = make_promotion(stage, stage.last_promotion.freight, phase=Phase.FAILED)
    original = server._serve

    def end_promotion_first(*request):
        Stage.objects.filter(pk=stage.pk).update(due_at=timezone.now())
        reconcile_stage(stage.pk, site=read_site())
        connection.close()  # that of the server's thread
        return original(*request)

    server._serve = end_promotion_first
    try:
        assess(stage)
    finally:
        del server._serve

    assert (stage.health, stage.last_promotion) == (Health.UNKNOWN, failed)
    assert (stage.health_issues, stage.health_due_at) == ([], None)


def test_issues_of_before_do_not_outlive_the_next_promotion(server, stage):
    server.add(name="a", health={"status": "Degraded"})
    assess(stage)
    found = stage.health_issues
    make_promotion(stage, stage.last_promotion.freight, phase=Phase.SUCCEEDED, health_checks=[CHECK])

    Stage.objects.filter(pk=stage.pk).update(due_at=timezone.now())
    drain()

    stage.refresh_from_db()
    assert found != []
    assert (stage.health, stage.health_issues) == ("", [])


def test_a_failed_promotion_ends_the_looking(server, stage):
    Stage.objects.filter(pk=stage.pk).update(
        last_promotion=make_promotion(stage, stage.last_promotion.freight, phase=Phase.FAILED)
    )

    assess(stage)

    assert stage.health_due_at is None
    assert server.seen == []


def test_two_workers_look_once(server, stage):
    server.add(name="a")
    assess_stage(stage.pk, site=read_site())
    assess_stage(stage.pk, site=read_site())

    assert len(server.seen) == 1


def test_the_tick_hands_out_stages_whose_health_is_due(stage):
    with current_app.connection() as connection, connection.SimpleQueue("celery") as queue:
        queue.clear()
        tick()
        sent = []
        while queue.qsize():
            message = queue.get_nowait()
            message.ack()
            sent.append((message.headers["task"], *message.payload[0]))

    assert sent.count(("promotions.assess_health", stage.pk)) == 1
