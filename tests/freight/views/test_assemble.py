"""Assembling freight by hand."""

import pytest

from freight.joins import JOIN_ANNOTATION
from freight.models import Freight, Warehouse
from projects.models import AuditEntry
from tests.cast import Cast, browser_of, make_cast
from tests.factories import IMAGE, make_freight, make_warehouse

PAGE = "/p/shop/warehouses/main/assemble/"
CREATE = f"{PAGE}create/"
CHART = "https://charts.example.com"


def digest(letter: str) -> str:
    return "sha256:" + letter * 64


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def warehouse(cast: Cast) -> Warehouse:
    listed = [{"image": {"repoURL": IMAGE}}, {"chart": {"repoURL": CHART, "name": "redis"}}]
    warehouse = make_warehouse(cast.project, subscriptions=listed)
    warehouse.subscriptions.filter(kind="image").update(
        found=[{"tag": tag, "digest": digest(tag[2]), "annotations": {}} for tag in ("1.2.0", "1.1.0", "1.0.0")]
    )
    warehouse.subscriptions.filter(kind="chart").update(
        found=[{"name": "redis", "version": version} for version in ("19.6.1", "19.5.0")]
    )
    return warehouse


def picks(image: str = "1.1.0", chart: str = "19.5.0") -> dict[str, str]:
    return {"pick-0": f"{image}@{digest(image[2])}", "pick-1": chart}


def test_begins_with_the_newest_of_each(cast: Cast, warehouse: Warehouse) -> None:
    page = browser_of(cast.bob).get(PAGE).content.decode()

    assert page.count(" checked") == 2
    assert f'value="1.2.0@{digest("2")}" checked' in page
    assert "Create and promote" in page


def test_the_address_holds_the_choice_and_says_how_far_it_is_behind(cast: Cast, warehouse: Warehouse) -> None:
    tray = browser_of(cast.bob).get(PAGE, picks(), headers={"HX-Request": "true"}).content.decode()

    assert "<html" not in tray
    assert "1 behind 1.2.0" in tray
    assert "1 behind 19.6.1" in tray


def test_makes_freight_of_the_choice(cast: Cast, warehouse: Warehouse) -> None:
    answer = browser_of(cast.bob).post(CREATE, {**picks(), "do": "create"})

    freight = Freight.objects.get()
    assert answer["Location"] == f"/p/shop/freight/{freight.alias}/"
    assert [artifact.short_version for artifact in freight.artifacts.all()] == ["1.1.0", "19.5.0"]
    assert freight.created_by == "email:bob@example.com"
    assert AuditEntry.objects.get().action == "created"


def test_create_and_promote_goes_on_to_the_review(cast: Cast, warehouse: Warehouse) -> None:
    answer = browser_of(cast.bob).post(CREATE, {**picks(), "do": "promote"})

    assert answer["Location"] == f"/p/shop/promote/?freight={Freight.objects.get().alias}"


def test_the_filter_leads_back_to_the_address_and_makes_nothing(cast: Cast, warehouse: Warehouse) -> None:
    bob = browser_of(cast.bob)

    answer = bob.post(CREATE, {**picks(), "q": "19.6", "do": "show"})
    page = bob.get(answer["Location"]).content.decode()

    assert not Freight.objects.exists()
    assert page.count('type="radio"') == 3, "the chosen ones stay, beside what the filter shows"
    assert "The filter hides 2 versions." in page


def test_a_set_that_exists_is_named_instead_of_made_again(cast: Cast, warehouse: Warehouse) -> None:
    bob = browser_of(cast.bob)
    bob.post(CREATE, {**picks(), "do": "create"})
    alias = Freight.objects.get().alias

    page = bob.get(PAGE, picks()).content.decode()
    again = bob.post(CREATE, {**picks(), "do": "create"})

    assert f"Promote {alias}" in page
    assert "nothing new" in page
    assert 'value="create"' not in page
    assert again["Location"] == f"/p/shop/freight/{alias}/"
    assert Freight.objects.count() == 1


def test_a_clone_brings_versions_that_are_no_longer_found(cast: Cast, warehouse: Warehouse) -> None:
    make_freight(
        warehouse,
        alias="calm-heron",
        images=[{"tag": "0.9.0", "digest": digest("9")}],
        charts=[{"chart_name": "redis", "version": "19.5.0"}],
    )
    bob = browser_of(cast.bob)

    page = bob.get(PAGE, {"from": "calm-heron"}).content.decode()
    chosen = {"pick-0": f"0.9.0@{digest('9')}", "pick-1": "19.6.1"}
    tray = bob.get(PAGE, {"from": "calm-heron", **chosen}, headers={"HX-Request": "true"}).content.decode()
    bob.post(CREATE, {"from": "calm-heron", **chosen, "do": "create"})

    assert "not found any more" in page
    assert "Equals" in page
    assert "calm-heron has" in tray
    newest = Freight.objects.exclude(alias="calm-heron").get()
    assert [artifact.short_version for artifact in newest.artifacts.all()] == ["0.9.0", "19.6.1"]


def test_a_version_that_vanished_is_refused_and_named(cast: Cast, warehouse: Warehouse) -> None:
    gone = {**picks(), "pick-1": "1.0.0"}

    shown = browser_of(cast.bob).get(PAGE, gone).content.decode()
    refused = browser_of(cast.bob).post(CREATE, {**gone, "do": "create"})

    assert "no longer among the versions" in shown
    assert refused.status_code == 409
    assert "no longer among the versions" in refused.content.decode()
    assert not Freight.objects.exists()


def test_what_does_not_belong_together_makes_no_freight_by_hand_either(cast: Cast, warehouse: Warehouse) -> None:
    Warehouse.objects.update(annotations={JOIN_ANNOTATION: "tag"})
    bob = browser_of(cast.bob)

    page = bob.get(PAGE).content.decode()
    refused = bob.post(CREATE, {**picks(), "do": "create"})

    assert "do not belong together" in page
    assert 'value="create"' not in page
    assert refused.status_code == 422
    assert not Freight.objects.exists()


def test_without_finds_it_says_why_nothing_can_be_made(cast: Cast, warehouse: Warehouse) -> None:
    warehouse.subscriptions.filter(kind="chart").update(found=[])

    page = browser_of(cast.bob).get(PAGE).content.decode()

    assert f"Nothing was found in {CHART}" in page
    assert 'value="create"' not in page


@pytest.mark.parametrize("query", ["?from=nobody", "?from=%00"])
def test_unknown_freight_to_clone_is_not_found(cast: Cast, warehouse: Warehouse, query: str) -> None:
    assert browser_of(cast.bob).get(PAGE + query).status_code == 404


def test_malformed_choices_count_as_none(cast: Cast, warehouse: Warehouse) -> None:
    query = {"pick-0": "<script>alert(1)</script>", "pick-x": "1", "pick-999": "2", "q": "<b>"}

    answer = browser_of(cast.bob).get(PAGE, query)

    assert answer.status_code == 200
    assert "<script>alert" not in answer.content.decode()


def test_who_may_assemble(cast: Cast, warehouse: Warehouse) -> None:
    for method, address in (("get", PAGE), ("post", CREATE)):
        refused = getattr(browser_of(cast.rita), method)(address)
        assert refused.status_code == 403
        assert "may not assemble freight" in refused.content.decode()
        assert getattr(browser_of(cast.charlie), method)(address).status_code == 404
    assert browser_of(cast.bob).get(CREATE).status_code == 405
    assert browser_of(cast.bob).post(PAGE).status_code == 405
    assert "assemble" not in browser_of(cast.rita).get("/p/shop/warehouses/main/").content.decode()
