"""The pipeline page: timeline, map and list, who may see it, and what it costs."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from freight.models import WarehousePhase
from promotions.models import FreightVerification, Occupancy, Stage
from promotions.phases import Phase
from tests.cast import Cast, browser_of
from tests.factories import make_freight, make_member, make_promotion, make_stage, make_user, make_warehouse

PAGE = "/p/shop/"
PART = {"HTTP_HX_REQUEST": "true"}
MOST_QUERIES = 25


def fill(cast: Cast, *, stages: int, freight: int) -> None:
    """A row of stages, each holding freight of two warehouses, the first ones verified."""
    now = timezone.now()
    warehouses = [make_warehouse(cast.project, name) for name in ("api", "web")]
    found = [
        make_freight(warehouse, discovered_at=now - timedelta(minutes=number))
        for number in range(freight)
        for warehouse in warehouses
    ]
    upstream: Stage | None = None
    for number in range(stages):
        source = {"upstream": upstream} if upstream else {"warehouse": warehouses}
        upstream = make_stage(cast.project, f"stage-{number}", code=f"S{number:02d}", column=number + 1, **source)
        for piece in found[-2:]:
            promotion = make_promotion(upstream, piece, phase=Phase.SUCCEEDED)
            Occupancy.objects.create(
                stage=upstream, origin=piece.origin, freight=piece, promotion=promotion, since=now
            )
            FreightVerification.objects.create(stage=upstream, freight=piece, verified_at=now)
        Stage.objects.filter(pk=upstream.pk).update(last_promotion=promotion)
        make_promotion(upstream, found[0])


def count_queries(cast: Cast, address: str) -> int:
    browser = browser_of(cast.bob)
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert browser.get(address).status_code == 200
    return len(seen)


@pytest.mark.parametrize(
    "address", [PAGE, f"{PAGE}?view=list", f"{PAGE}pipeline/freight/", f"{PAGE}pipeline/exceptions/"]
)
def test_the_number_of_queries_does_not_grow_with_the_project(cast: Cast, address: str) -> None:
    fill(cast, stages=2, freight=3)
    few = count_queries(cast, address)
    Stage.objects.all().delete()
    cast.project.warehouses.all().delete()
    fill(cast, stages=12, freight=40)

    assert count_queries(cast, address) == few
    assert few <= MOST_QUERIES


def test_shows_freight_with_its_stages_and_stages_with_their_freight(cast: Cast) -> None:
    fill(cast, stages=2, freight=3)
    held = Occupancy.objects.filter(stage__name="stage-0").first()
    assert held is not None

    page = browser_of(cast.rita).get(PAGE).content.decode()

    card = page[page.index(f'id="freight-{held.freight.name}"') :]
    assert "In stage-0, verified" in card[: card.index("</article>")]
    stage = page[page.index('id="stage-stage-0"') :]
    assert held.freight.alias[:6] in stage[: stage.index("</article>")]


def test_counts_newer_eligible_freight_in_the_slot(cast: Cast) -> None:
    warehouse = make_warehouse(cast.project)
    now = timezone.now()
    old = make_freight(warehouse, discovered_at=now - timedelta(hours=1))
    for number in range(3):
        make_freight(warehouse, discovered_at=now - timedelta(minutes=number))
    dev = make_stage(cast.project, "dev", warehouse=warehouse, column=1)
    Occupancy.objects.create(stage=dev, origin=old.origin, freight=old, since=now)

    page = browser_of(cast.bob).get(PAGE).content.decode()

    assert "3 newer eligible" in page


def test_folds_what_is_neither_new_nor_in_use(cast: Cast) -> None:
    warehouse = make_warehouse(cast.project)
    now = timezone.now()
    found = [make_freight(warehouse, discovered_at=now - timedelta(minutes=n)) for n in range(30)]
    dev = make_stage(cast.project, "dev", warehouse=warehouse, column=1)
    Occupancy.objects.create(stage=dev, origin=found[25].origin, freight=found[25], since=now)

    page = browser_of(cast.bob).get(PAGE).content.decode()

    assert found[25].alias in page
    assert found[27].alias not in page
    assert re.search(rf'before={found[19].name}"><b>5</b>', page)
    assert re.search(rf'before={found[25].name}"><b>4</b>', page)


def test_a_failed_stage_is_named_and_can_be_filtered_for(cast: Cast) -> None:
    warehouse = make_warehouse(cast.project)
    bad, good = (make_stage(cast.project, name, warehouse=warehouse, column=1) for name in ("bad", "good"))
    promotion = make_promotion(bad, make_freight(warehouse), phase=Phase.FAILED, message="the rules said no")
    Stage.objects.filter(pk=bad.pk).update(last_promotion=promotion)

    page = browser_of(cast.rita).get(f"{PAGE}?view=list&show=failed").content.decode()

    assert "the rules said no" in page
    assert "/stages/bad/" in page
    assert f'href="{PAGE}stages/good/"' not in page
    assert good.name


def test_a_failed_warehouse_is_named_in_every_view(cast: Cast) -> None:
    make_warehouse(cast.project, phase=WarehousePhase.FAILED, message="the registry is away")
    rita = browser_of(cast.rita)

    for address in (PAGE, f"{PAGE}?view=list", f"{PAGE}pipeline/exceptions/"):
        assert "1 warehouse failed" in rita.get(address).content.decode()


def test_an_htmx_request_gets_the_map_alone(cast: Cast) -> None:
    fill(cast, stages=1, freight=1)

    answer = browser_of(cast.bob).get(PAGE, **PART)

    assert answer["Vary"].find("HX-Request") >= 0
    assert answer.content.decode().lstrip().startswith('<section class="map"')


@pytest.mark.parametrize(
    "part", ["stages/stage-0/card/", "warehouses/api/card/", "pipeline/freight/", "pipeline/exceptions/"]
)
def test_a_live_part_answers_304_until_it_would_read_differently(cast: Cast, part: str) -> None:
    fill(cast, stages=1, freight=1)
    browser = browser_of(cast.bob)
    first = browser.get(PAGE + part, **PART)

    again = browser.get(PAGE + part, HTTP_IF_NONE_MATCH=first["ETag"], **PART)
    stage = Stage.objects.get(name="stage-0")
    promotion = make_promotion(stage, make_freight(cast.project.warehouses.get(name="api")), phase=Phase.FAILED)
    Stage.objects.update(last_promotion=promotion)
    stage.promotions.filter(phase=Phase.PENDING).delete()
    cast.project.warehouses.update(message="the registry is away")
    changed = browser.get(PAGE + part, HTTP_IF_NONE_MATCH=first["ETag"], **PART)

    assert (first.status_code, again.status_code, changed.status_code) == (200, 304, 200)
    assert again.content == b""


def test_viewers_see_no_promote_and_no_refresh(cast: Cast) -> None:
    fill(cast, stages=1, freight=1)

    page = browser_of(cast.rita).get(PAGE).content.decode()

    assert "promote/?stage=" not in page
    assert "/refresh/" not in page
    assert "/refresh/" in browser_of(cast.bob).get(PAGE).content.decode()


def test_a_promoter_of_some_stages_gets_the_button_there_alone(cast: Cast) -> None:
    warehouse = make_warehouse(cast.project)
    for name in ("dev", "prod"):
        make_stage(cast.project, name, warehouse=warehouse, column=1)
    dora = make_user("dora")
    make_member(cast.project, dora, "promoter", stages=["dev"])

    page = browser_of(dora).get(PAGE).content.decode()

    assert "promote/?stage=dev" in page
    assert "promote/?stage=prod" not in page


def test_an_empty_project_says_what_to_do_next(cast: Cast) -> None:
    page = browser_of(cast.rita).get(PAGE).content.decode()

    assert "This project is empty" in page
    assert "No freight yet" in page


def test_is_for_members_alone(cast: Cast) -> None:
    assert browser_of(cast.charlie).get(PAGE).status_code == 404
    assert browser_of(cast.rita).post(PAGE).status_code == 405
