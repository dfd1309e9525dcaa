"""A promotion syncs an application of Argo CD, and the stage's health follows the application from then on."""

import pytest
from django.test import Client
from django.utils import timezone

from promotions.engine import read_site
from promotions.health import assess_stage
from promotions.models import Health, Stage, Verification
from promotions.phases import Phase
from promotions.tasks import assess_health
from tests.factories import make_freight, make_member, make_project, make_stage, make_user, make_warehouse
from tests.promotions.driving import ask, fresh_after_drain, later, log_of, look
from tests.servers.argocd import REPOSITORY, TOKEN, ArgoCDServer

pytestmark = pytest.mark.django_db(transaction=True)

UPDATE = {
    "uses": "argocd-update",
    "as": "sync",
    "config": {
        "apps": [
            {
                "name": "shop-test",
                "sources": [{"repoURL": REPOSITORY, "desiredRevision": "abc", "updateTargetRevision": True}],
            }
        ]
    },
}


@pytest.fixture
def server(settings):
    server = ArgoCDServer()
    settings.ARGOCD_URL, settings.ARGOCD_TOKEN = server.url, TOKEN
    yield server
    server.close()


@pytest.fixture
def stage():
    project = make_project()
    return make_stage(project, "test", warehouse=make_warehouse(project), steps=[UPDATE])


def make_health_due(stage):
    Stage.objects.filter(pk=stage.pk).update(health_due_at=timezone.now())


def test_a_sync_ends_succeeded_and_the_stage_is_as_healthy_as_the_application(server, stage):
    app = server.add(name="shop-test", stages="shop:test")
    freight = make_freight(stage.project.warehouses.get())
    promotion = ask(stage, freight)

    phases = []
    for _ in range(3):
        phases.append(fresh_after_drain(promotion, later()).phase)
        server.work()

    assert phases == [Phase.RUNNING, Phase.RUNNING, Phase.SUCCEEDED]
    assert app["spec"]["source"]["targetRevision"] == "abc"
    assert look(promotion).output("sync") == {"apps": [{"name": "shop-test", "namespace": "argocd"}]}
    stage.refresh_from_db()
    assert (stage.health, stage.health_due_at is not None) == ("", True)
    assert not Verification.objects.exists()
    assert TOKEN not in "\n".join(log_of(promotion))

    assess_health(stage.pk)
    fresh_after_drain(promotion)

    stage.refresh_from_db()
    assert (stage.health, stage.health_issues) == (Health.HEALTHY, [])
    assert freight.verifications.filter(stage=stage).exists()

    app["status"]["health"]["status"] = "Degraded"
    assess_stage(stage.pk, site=read_site())
    stage.refresh_from_db()
    assert stage.health == Health.HEALTHY, "it is not due yet"

    make_health_due(stage)
    assess_stage(stage.pk, site=read_site())
    stage.refresh_from_db()
    assert stage.health == Health.UNHEALTHY
    assert stage.health_issues == [
        'Argo CD Application "shop-test" in namespace "argocd" has health "Degraded"',
    ]

    user = make_user()
    make_member(stage.project, user)
    client = Client()
    client.force_login(user)
    page = client.get("/p/shop/stages/test/").content.decode()
    assert "has health &quot;Degraded&quot;" in page


def test_a_promotion_into_an_application_that_did_not_agree_ends_errored(server, stage):
    server.add(name="shop-test", stages="shop:prod")
    promotion = ask(stage, make_freight(stage.project.warehouses.get()))

    ended = fresh_after_drain(promotion)

    assert ended.phase == Phase.ERRORED
    assert "does not let stage shop:test change it" in ended.message
    stage.refresh_from_db()
    assert (stage.health, stage.health_due_at) == (Health.UNKNOWN, None)


def test_a_server_that_repeats_the_token_does_not_get_it_shown(server, stage):
    server.add(name="shop-test", stages="shop:test")
    server.answers["POST", "/api/v1/applications/shop-test/sync"] = [(400, f'{{"message": "what is {TOKEN}?"}}')]

    ended = fresh_after_drain(ask(stage, make_freight(stage.project.warehouses.get())))

    assert ended.phase == Phase.ERRORED
    assert "what is" in ended.message
    assert TOKEN not in "\n".join([ended.message, *log_of(ended)])


def test_without_a_connection_the_promotion_says_which_settings_are_missing(stage):
    ended = fresh_after_drain(ask(stage, make_freight(stage.project.warehouses.get())))

    assert ended.phase == Phase.ERRORED
    assert "KARGOWEB_ARGOCD_URL" in ended.message
