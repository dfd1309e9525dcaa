"""The queue and the holds of a stage, by its page."""

import pytest
from django.utils import timezone

from projects.models import ProjectConfig
from promotions.engine import list_waiting
from promotions.models import AutoPromotionHold, Promotion
from promotions.phases import Phase
from tests.cast import browser_of, make_cast
from tests.factories import make_freight, make_member, make_stage, make_warehouse
from tests.promotions.driving import ask

pytestmark = pytest.mark.django_db(transaction=True)

OK = {"uses": "compose-output", "as": "ok", "config": {"value": 1}}
STAGE = "/p/shop/stages/test/"
HOLD = {"origin": "Warehouse/main", "reason": "fair <week>", "until": ""}


@pytest.fixture
def cast():
    return make_cast()


@pytest.fixture
def stage(cast):
    warehouse = make_warehouse(cast.project)
    stage = make_stage(cast.project, warehouse=warehouse, steps=[OK])
    for _ in range(3):
        ask(stage, make_freight(warehouse))
    return stage


@pytest.fixture
def automatic(cast, stage):
    policies = [{"stage": "test", "autoPromotionEnabled": True}]
    ProjectConfig.objects.create(project=cast.project, spec={"promotionPolicies": policies})
    return stage


def test_a_promoter_moves_what_waits(cast, stage):
    response = browser_of(cast.bob).post("/p/shop/promotions/3/move/", {"place": "1"})

    assert (response.status_code, response["Location"]) == (302, STAGE)
    assert [row.number for row in list_waiting(stage)] == [1, 3, 2]
    page = browser_of(cast.bob).get(STAGE).content.decode()
    assert page.index("/promotions/3/abort/") < page.index("/promotions/2/abort/")


@pytest.mark.parametrize(("who", "status"), [("rita", 403), ("charlie", 404)])
@pytest.mark.parametrize("path", ["/p/shop/promotions/3/move/", f"{STAGE}hold/", f"{STAGE}resume/"])
def test_others_may_not(cast, stage, who, status, path):
    assert browser_of(getattr(cast, who)).post(path, {"place": "1", **HOLD}).status_code == status


@pytest.mark.parametrize("path", ["/p/shop/promotions/3/move/", f"{STAGE}hold/", f"{STAGE}resume/"])
def test_get_gets_405(cast, stage, path):
    assert browser_of(cast.alice).get(path).status_code == 405


@pytest.mark.parametrize("place", ["", "first", "-1"])
def test_a_place_that_is_no_number_is_refused(cast, stage, place):
    assert browser_of(cast.bob).post("/p/shop/promotions/3/move/", {"place": place}).status_code == 422


def test_what_has_its_turn_cannot_be_moved(cast, stage):
    response = browser_of(cast.bob).post("/p/shop/promotions/1/move/", {"place": "2"})

    assert response.status_code == 409
    assert "does not wait any more" in response.content.decode()


def test_readers_see_the_queue_without_its_buttons(cast, stage):
    page = browser_of(cast.rita).get(STAGE).content.decode()

    assert "3 waiting" in page
    assert "/move/" not in page
    assert "/abort/" not in page


def test_the_queued_promotion_says_how_many_go_before_it(cast, stage):
    bob = browser_of(cast.bob)
    bob.post("/p/shop/promotions/3/move/", {"place": "1"})

    page = bob.get("/p/shop/promotions/2/").content.decode()

    assert "Queued behind #3, number 2 in the queue of test." in page


def test_a_maintainer_holds_and_resumes(cast, automatic):
    make_member(cast.project, "mia", "maintainer")
    mia = browser_of(cast.project.members.get(user__username="mia").user)

    assert mia.post(f"{STAGE}hold/", HOLD).status_code == 302
    page = mia.get(STAGE).content.decode()
    assert "fair &lt;week&gt;" in page
    assert "by mia" in page

    assert mia.post(f"{STAGE}resume/", HOLD).status_code == 302
    assert not AutoPromotionHold.objects.exists()


def test_a_promoter_may_not_hold_but_sees_the_state(cast, automatic):
    assert browser_of(cast.bob).post(f"{STAGE}hold/", HOLD).status_code == 403

    assert "takes newest freight" in browser_of(cast.bob).get(STAGE).content.decode()


@pytest.mark.parametrize("until", ["tomorrow", "2026-13-40T99:00"])
def test_an_end_that_is_no_time_is_refused(cast, automatic, until):
    response = browser_of(cast.alice).post(f"{STAGE}hold/", {**HOLD, "until": until})

    assert response.status_code == 422
    assert not AutoPromotionHold.objects.exists()


def test_an_end_is_read_in_the_time_zone_of_the_site(cast, automatic):
    browser_of(cast.alice).post(f"{STAGE}hold/", {**HOLD, "until": "2199-01-02T03:04"})

    until = AutoPromotionHold.objects.get().until
    assert timezone.localtime(until).strftime("%Y-%m-%dT%H:%M") == "2199-01-02T03:04"


def test_a_cancelled_promotion_leaves_the_queue(cast, stage):
    browser_of(cast.bob).post("/p/shop/promotions/3/abort/")

    assert Promotion.objects.get(number=3).abort_requested_by == "bob"
    assert Promotion.objects.get(number=3).phase == Phase.PENDING
