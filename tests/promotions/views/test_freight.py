"""One piece of freight and the list of all: contents, journey, gates, search, pages, alias."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from freight.models import Freight
from promotions.models import FreightVerification, Occupancy, Stage
from promotions.phases import Phase
from tests.cast import Cast, browser_of
from tests.factories import make_freight, make_promotion, make_stage, make_warehouse

LIST = "/p/shop/freight/"
PAGE = f"{LIST}amber-otter/"


@pytest.fixture
def freight(cast: Cast) -> Freight:
    """amber-otter was in dev and is in qa; prod takes only what qa verified."""
    now = timezone.now()
    warehouse = make_warehouse(cast.project)
    dev = make_stage(cast.project, "dev", warehouse=warehouse, column=1)
    qa = make_stage(cast.project, "qa", upstream=dev, column=2)
    make_stage(cast.project, "prod", upstream=qa, column=3)
    freight = make_freight(
        warehouse,
        alias="amber-otter",
        images=[{"tag": "1.2.3"}],
        commits=[{"commit_id": "ab" * 20, "message": "Mend the gate", "author": "Kim Ito <kim@example.com>"}],
        metadata={"ticket": "SHOP-7"},
    )
    FreightVerification.objects.create(stage=dev, freight=freight, verified_at=now)
    for stage, until in ((dev, now), (qa, None)):
        promotion = make_promotion(stage, freight, phase=Phase.SUCCEEDED, actor_label="email:bob", actor_name="bob")
        Occupancy.objects.create(
            stage=stage, origin=freight.origin, freight=freight, promotion=promotion, since=now, until=until
        )
    return freight


def test_shows_contents_journey_and_what_keeps_it_out(cast: Cast, freight: Freight) -> None:
    page = browser_of(cast.rita).get(PAGE).content.decode()

    for fact in ("1.2.3", "Mend the gate", "SHOP-7", freight.name, "ab" * 20):
        assert fact in page
    journey = page[page.index("Journey") : page.index("Where it may go")]
    assert journey.index("/stages/dev/") < journey.index("/stages/qa/")
    assert "still there" in journey
    gates = page[page.index("Where it may go") :]
    assert "Not verified in &quot;qa&quot; yet" in gates


def test_can_be_found_by_name_and_by_alias(cast: Cast, freight: Freight) -> None:
    assert browser_of(cast.rita).get(f"{LIST}{freight.name}/").status_code == 200
    assert browser_of(cast.rita).get(f"{LIST}no-such/").status_code == 404


def test_only_owners_are_offered_to_approve(cast: Cast, freight: Freight) -> None:
    assert "/stages/prod/approve/" in browser_of(cast.alice).get(PAGE).content.decode()
    assert "/approve/" not in browser_of(cast.bob).get(PAGE).content.decode()


def test_an_htmx_request_gets_the_journey_alone(cast: Cast, freight: Freight) -> None:
    part = browser_of(cast.bob).get(PAGE, headers={"HX-Request": "true"}).content.decode()

    assert 'id="freight-journey"' in part
    assert "Mend the gate" not in part


def test_the_queries_do_not_grow_with_stages(cast: Cast, freight: Freight) -> None:
    bob = browser_of(cast.bob)
    with CaptureQueriesContext(connection) as few:
        bob.get(PAGE)
    for number in range(10):
        make_stage(cast.project, f"more-{number}", upstream=Stage.objects.get(name="qa"))
    with CaptureQueriesContext(connection) as many:
        bob.get(PAGE)

    assert len(many) == len(few)


def test_bob_renames_it(cast: Cast, freight: Freight) -> None:
    answer = browser_of(cast.bob).post(f"{PAGE}rename/", {"alias": "spring-sale"})

    freight.refresh_from_db()
    assert (answer["Location"], freight.alias) == (f"{LIST}spring-sale/", "spring-sale")


def test_a_refused_alias_is_explained_at_its_field_as_it_was_typed(cast: Cast, freight: Freight) -> None:
    answer = browser_of(cast.bob).post(f"{PAGE}rename/", {"alias": "two words"})

    page = answer.content.decode()
    assert answer.status_code == 409
    assert 'value="two words"' in page
    assert "cannot be an alias" in page


def test_who_may_rename(cast: Cast, freight: Freight) -> None:
    form = {"alias": "mine"}

    assert browser_of(cast.rita).post(f"{PAGE}rename/", form).status_code == 403
    assert browser_of(cast.charlie).post(f"{PAGE}rename/", form).status_code == 404
    assert browser_of(cast.bob).get(f"{PAGE}rename/").status_code == 405
    assert "may not rename freight" in browser_of(cast.rita).get(PAGE).content.decode()


@pytest.mark.parametrize("text", ["amber", "1.2.3", "mend gate", "abab", "kim@example.com"])
def test_the_list_finds_freight_by_what_people_know_of_it(cast: Cast, freight: Freight, text: str) -> None:
    other = make_freight(cast.project.warehouses.get(), alias="calm-heron")

    page = browser_of(cast.rita).get(LIST, {"q": text}).content.decode()

    assert "amber-otter" in page
    assert other.alias not in page


def test_the_list_goes_on_by_key_and_keeps_the_search(cast: Cast) -> None:
    now, warehouse = timezone.now(), make_warehouse(cast.project)
    found = [
        make_freight(warehouse, alias=f"boat-{n:03d}", discovered_at=now - timedelta(minutes=n)) for n in range(60)
    ]
    rita = browser_of(cast.rita)

    first = rita.get(LIST, {"q": "boat"}).content.decode()
    second = rita.get(LIST, {"q": "boat", "before": found[49].name}).content.decode()

    assert f"q=boat&amp;before={found[49].name}" in first
    assert ("boat-049" in first, "boat-050" in first) == (True, False)
    assert ("boat-049" in second, "boat-050" in second, "boat-059" in second) == (False, True, True)


def test_an_empty_list_says_what_to_do(cast: Cast, freight: Freight) -> None:
    assert "No freight matches" in browser_of(cast.rita).get(LIST, {"q": "zebra"}).content.decode()


def test_the_list_is_for_members(cast: Cast, freight: Freight) -> None:
    assert browser_of(cast.charlie).get(LIST).status_code == 404
    assert "<html" not in browser_of(cast.rita).get(LIST, headers={"HX-Request": "true"}).content.decode()
