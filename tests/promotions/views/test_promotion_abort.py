from typing import Any

import pytest
from django.test import Client

from projects.models import AuditEntry
from promotions.models import Promotion
from promotions.phases import Phase
from tests.factories import (
    make_freight,
    make_member,
    make_project,
    make_promotion,
    make_stage,
    make_user,
    make_warehouse,
)

pytestmark = pytest.mark.django_db
PATH = "/p/shop/promotions/1/abort/"


@pytest.fixture
def promotion() -> Promotion:
    project = make_project("shop")
    make_member(project, "alice", "owner")
    make_member(project, "bob", "promoter", stages=["dev"])
    make_member(project, "rita", "viewer")
    warehouse = make_warehouse(project)
    stage = make_stage(project, "prod", warehouse=warehouse, steps=[{"uses": "fail", "as": "step-1"}])
    return make_promotion(stage, make_freight(warehouse), phase=Phase.RUNNING)


def post(promotion: Promotion, name: str) -> Any:
    client = Client()
    client.force_login(promotion.project.members.get(user__username=name).user)
    return client.post(PATH)


def test_the_owner_may_and_it_is_on_record(promotion: Promotion) -> None:
    response = post(promotion, "alice")

    promotion.refresh_from_db()
    assert (response.status_code, response["Location"]) == (302, "/p/shop/promotions/1/")
    assert promotion.abort_requested_by == "alice"
    assert AuditEntry.objects.get().action == "aborted"


@pytest.mark.parametrize("name", ["bob", "rita"])
def test_members_without_the_right_for_the_stage_get_403(promotion: Promotion, name: str) -> None:
    assert post(promotion, name).status_code == 403

    promotion.refresh_from_db()
    assert promotion.abort_requested_at is None


def test_strangers_get_404(promotion: Promotion) -> None:
    client = Client()
    client.force_login(make_user("charlie"))

    assert client.post(PATH).status_code == 404


def test_get_gets_405(promotion: Promotion) -> None:
    client = Client()
    client.force_login(promotion.project.members.get(user__username="alice").user)

    assert client.get(PATH).status_code == 405
