"""What refers to freight: deleting by hand, and the sweep of old freight."""

from datetime import timedelta

import pytest
from django.utils import timezone

from freight.models import Freight
from freight.retention import Policy
from projects.models import AuditEntry
from promotions.models import AutoPromotionHold, FreightApproval, Occupancy
from promotions.phases import Phase
from promotions.retention import explain_use, sweep
from tests.cast import Cast, browser_of, make_cast
from tests.factories import make_freight, make_member, make_promotion, make_stage, make_warehouse

NOW = timezone.now()
POLICY = Policy(keep=1, keep_for=timedelta(days=14))


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def warehouse(cast: Cast):
    return make_warehouse(cast.project)


def old(warehouse, alias: str, *, days: int = 100) -> Freight:
    return make_freight(warehouse, alias=alias, discovered_at=NOW - timedelta(days=days))


def left() -> set[str]:
    return set(Freight.objects.values_list("alias", flat=True))


def test_old_freight_that_nothing_refers_to_goes_and_leaves_a_record(cast: Cast, warehouse) -> None:
    for alias, days in (("newest", 30), ("old", 60), ("older", 90)):
        old(warehouse, alias, days=days)

    assert sweep(POLICY, now=NOW) == 2

    assert left() == {"newest"}
    entry = AuditEntry.objects.get(action="deleted")
    assert set(entry.facts["aliases"]) == {"old", "older"}


def test_without_a_setting_everything_stays(cast: Cast, warehouse) -> None:
    old(warehouse, "old"), old(warehouse, "older", days=200)

    assert sweep(Policy(0, timedelta(0)), now=NOW) == 0
    assert len(left()) == 2


def test_whatever_is_referred_to_stays(cast: Cast, warehouse) -> None:
    stage = make_stage(cast.project, "prod", warehouse=warehouse)
    names = ("approved", "queued", "lately", "held", "was-there", "long-ago", "unused")
    freight = {name: old(warehouse, name, days=200) for name in names}
    old(warehouse, "newest", days=1)
    FreightApproval.objects.create(stage=stage, freight=freight["approved"], approved_at=NOW, approved_by="alice")
    make_promotion(stage, freight["queued"], phase=Phase.PENDING, created_at=NOW - timedelta(days=60))
    make_promotion(stage, freight["lately"], phase=Phase.FAILED, created_at=NOW - timedelta(days=2))
    make_promotion(stage, freight["long-ago"], phase=Phase.FAILED, created_at=NOW - timedelta(days=60))
    AutoPromotionHold.objects.create(
        stage=stage, origin=warehouse.origin, freight_name=freight["held"].name, actor_name="alice", created_at=NOW
    )
    Occupancy.objects.create(
        stage=stage, origin=warehouse.origin, freight=freight["was-there"], since=NOW - timedelta(days=60), until=NOW
    )

    sweep(POLICY, now=NOW)

    assert left() == {"newest", "approved", "queued", "lately", "held", "was-there"}


def test_what_is_newer_than_the_oldest_in_a_stage_stays(cast: Cast, warehouse) -> None:
    stage = make_stage(cast.project, "prod", warehouse=warehouse)
    present = old(warehouse, "present", days=90)
    old(warehouse, "newer", days=80), old(warehouse, "next", days=95), old(warehouse, "oldest", days=99)
    Occupancy.objects.create(stage=stage, origin=warehouse.origin, freight=present, since=NOW)

    sweep(POLICY, now=NOW)

    assert left() == {"newer", "present", "next"}


def test_freight_of_a_deleted_warehouse_goes_too(cast: Cast, warehouse) -> None:
    old(warehouse, "kept", days=20), old(warehouse, "old", days=90)
    warehouse.delete()

    sweep(POLICY, now=NOW)

    assert left() == {"kept"}


def test_a_maintainer_deletes_what_nothing_refers_to(cast: Cast, warehouse) -> None:
    make_freight(warehouse, alias="amber-otter")
    mia = make_member(cast.project, "mia", "maintainer").user
    page = browser_of(mia).get("/p/shop/freight/amber-otter/").content.decode()

    answer = browser_of(mia).post("/p/shop/freight/amber-otter/delete/")

    assert "Delete amber-otter" in page
    assert answer["Location"] == "/p/shop/freight/"
    assert left() == set()


def test_freight_in_a_stage_is_kept_and_the_stages_are_named(cast: Cast, warehouse) -> None:
    freight = make_freight(warehouse, alias="amber-otter")
    for name, until in (("test", NOW), ("uat", None), ("prod", None)):
        stage = make_stage(cast.project, name, warehouse=warehouse)
        Occupancy.objects.create(stage=stage, origin=warehouse.origin, freight=freight, since=NOW, until=until)
    alice = browser_of(cast.alice)

    refused = alice.post("/p/shop/freight/amber-otter/delete/")
    page = alice.get("/p/shop/freight/amber-otter/").content.decode()

    assert refused.status_code == 409
    assert "uat" in refused.content.decode()
    assert "prod" in refused.content.decode()
    assert "Delete amber-otter" not in page
    assert 'is in "' in explain_use(freight)
    Occupancy.objects.update(until=NOW)
    assert 'was in "' in explain_use(freight)


def test_freight_that_is_being_promoted_is_kept(cast: Cast, warehouse) -> None:
    freight = make_freight(warehouse, alias="amber-otter")
    promotion = make_promotion(make_stage(cast.project, warehouse=warehouse), freight, phase=Phase.PENDING)

    assert f"#{promotion.number}" in explain_use(freight)


def test_who_may_delete_freight(cast: Cast, warehouse) -> None:
    make_freight(warehouse, alias="amber-otter")
    address = "/p/shop/freight/amber-otter/delete/"

    refused = browser_of(cast.bob).post(address)

    assert refused.status_code == 403
    assert "may not delete freight" in refused.content.decode()
    assert browser_of(cast.charlie).post(address).status_code == 404
    assert browser_of(cast.alice).get(address).status_code == 405
    assert left() == {"amber-otter"}
