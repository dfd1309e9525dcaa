"""Warehouses: the list, the page of one, its card, and asking for a check."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from freight.models import Subscription, Warehouse, WarehousePhase
from freight.queries.origins import assign_letters
from projects.models import AuditEntry
from tests.cast import Cast, browser_of, make_cast
from tests.factories import IMAGE, make_freight, make_warehouse

LIST = "/p/shop/warehouses/"
PAGE = f"{LIST}main/"


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def warehouse(cast: Cast) -> Warehouse:
    now = timezone.now()
    warehouse = make_warehouse(
        cast.project,
        subscriptions=[{"image": {"repoURL": IMAGE, "constraint": "^1.0.0"}}],
        phase=WarehousePhase.READY,
        checked_at=now - timedelta(minutes=2),
        due_at=now + timedelta(minutes=3),
        source="kind: Warehouse # ours",
    )
    warehouse.subscriptions.update(
        found=[{"tag": "1.2.0", "digest": "sha256:" + "a" * 64}, {"tag": "1.1.0", "digest": "sha256:" + "b" * 64}],
        ignored=[{"version": "nightly", "reason": "not a semantic version"}],
    )
    return warehouse


def test_shows_what_was_found_what_was_left_out_and_why(cast: Cast, warehouse: Warehouse) -> None:
    make_freight(warehouse, alias="amber-otter")

    page = browser_of(cast.rita).get(PAGE).content.decode()

    assert page.index("1.2.0") < page.index("1.1.0")
    for fact in ("nightly", "not a semantic version", "^1.0.0", "amber-otter", "kind: Warehouse # ours", "in 2 min"):
        assert fact in page


def test_says_which_freight_the_last_check_made_and_which_versions_are_in_it(
    cast: Cast, warehouse: Warehouse
) -> None:
    freight = make_freight(warehouse, alias="amber-otter", images=[{"tag": "1.1.0", "digest": "sha256:" + "b" * 64}])
    Warehouse.objects.update(last_freight_name=freight.name)

    page = browser_of(cast.rita).get(PAGE).content.decode()

    assert "The last check made amber-otter of what it found" in page
    row = page[page.index('title="1.1.0"') :]
    assert "in amber-otter" in row[: row.index("</tr>")]
    assert "in amber-otter" not in page[page.index('title="1.2.0"') : page.index('title="1.1.0"')]


def test_tells_how_many_fit_and_the_nearest_misses_when_none_does(cast: Cast, warehouse: Warehouse) -> None:
    ignored = [
        {"version": tag, "reason": 'outside constraint "^1.0.0"'} for tag in ("0.1.0", "0.9.0", "0.8.0", "0.7.0")
    ]
    warehouse.subscriptions.update(
        found=[],
        ignored=ignored,
        ignored_by_rule=[["not a semantic version", 236], ['outside constraint "^1.0.0"', 4]],
        checked_at=timezone.now(),
    )

    page = browser_of(cast.rita).get(PAGE).content.decode()

    assert "0 of 240 tags fit" in page
    near = page[page.index("Nearest misses") : page.index("Left out")]
    assert near.index("0.9.0") < near.index("0.8.0") < near.index("0.7.0")
    assert "0.1.0" not in near
    assert "and 236 more" in page


def test_tells_what_versions_wait_for(cast: Cast, warehouse: Warehouse) -> None:
    waiting = [{"kind": "image", "repo_url": IMAGE, "text": "no image built from 3f2a1c4 yet"}]
    Warehouse.objects.update(waiting=waiting, annotations={"kargoweb.dev/join": "revision"})

    page = browser_of(cast.rita).get(PAGE).content.decode()

    assert f"Waiting for {IMAGE}: no image built from 3f2a1c4 yet" in page
    assert "kargoweb.dev/join" in page


def test_an_error_is_told_with_its_subscription_and_what_was_found_before_stays(
    cast: Cast, warehouse: Warehouse
) -> None:
    Subscription.objects.update(error="The registry said 503")
    Warehouse.objects.update(phase=WarehousePhase.FAILED, message="app: The registry said 503", failures=3)

    page = browser_of(cast.rita).get(PAGE).content.decode()

    assert "Failed 3 times in a row" in page
    assert "The registry said 503" in page
    assert "1.2.0" in page
    assert "The registry said 503" in browser_of(cast.rita).get(f"{PAGE}card/").content.decode()


def test_the_list_has_every_warehouse_at_the_same_cost(cast: Cast, warehouse: Warehouse) -> None:
    bob = browser_of(cast.bob)
    with CaptureQueriesContext(connection) as few:
        bob.get(LIST)
    for number in range(8):
        make_freight(make_warehouse(cast.project, f"more-{number}"))
    with CaptureQueriesContext(connection) as many:
        page = bob.get(LIST).content.decode()

    assert "more-7" in page
    assert len(many) == len(few)


def test_bob_asks_for_a_check_and_the_card_says_so(cast: Cast, warehouse: Warehouse) -> None:
    bob = browser_of(cast.bob)

    answer = bob.post(f"{PAGE}refresh/")

    warehouse.refresh_from_db()
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    assert warehouse.refresh_requested_at is not None
    assert warehouse.due_at is not None
    assert warehouse.due_at <= timezone.now()
    assert "Refresh asked" in bob.get(f"{PAGE}card/").content.decode()
    assert AuditEntry.objects.get().action == "refreshed"


@pytest.mark.parametrize(("asked_from", "led_to"), [("/p/shop/", "/p/shop/"), ("https://evil.example/", PAGE)])
def test_a_refresh_leads_back_to_our_own_pages_alone(
    cast: Cast, warehouse: Warehouse, asked_from: str, led_to: str
) -> None:
    answer = browser_of(cast.bob).post(f"{PAGE}refresh/", {"next": asked_from})

    assert answer["Location"] == led_to


def test_who_may_refresh(cast: Cast, warehouse: Warehouse) -> None:
    refused = browser_of(cast.rita).post(f"{PAGE}refresh/")

    assert refused.status_code == 403
    assert "may not refresh warehouses" in refused.content.decode()
    assert browser_of(cast.charlie).post(f"{PAGE}refresh/").status_code == 404
    assert browser_of(cast.bob).get(f"{PAGE}refresh/").status_code == 405
    warehouse.refresh_from_db()
    assert warehouse.refresh_requested_at is None


def test_a_viewer_sees_why_refresh_is_shut(cast: Cast, warehouse: Warehouse) -> None:
    page = browser_of(cast.rita).get(PAGE).content.decode()

    assert 'aria-disabled="true"' in page
    assert "may not refresh warehouses" in page


def test_strangers_and_unknown_warehouses_are_not_found(cast: Cast, warehouse: Warehouse) -> None:
    for address in (PAGE, f"{PAGE}card/", LIST):
        assert browser_of(cast.charlie).get(address).status_code == 404
    assert browser_of(cast.bob).get(f"{LIST}nowhere/").status_code == 404


@pytest.mark.parametrize("address", [PAGE, LIST])
def test_an_htmx_request_gets_the_part(cast: Cast, warehouse: Warehouse, address: str) -> None:
    part = browser_of(cast.bob).get(address, headers={"HX-Request": "true"}).content.decode()

    assert "<html" not in part
    assert "main" in part


def test_letters_are_each_given_once() -> None:
    assert assign_letters(["api", "app", "web"]) == {"api": "A", "app": "P", "web": "W"}
