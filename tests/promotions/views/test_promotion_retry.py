"""Retrying by the page: who may, what is asked, what is shown."""

import pytest
from django.utils import timezone

from promotions.models import Promotion, Stage
from promotions.phases import Phase
from tests.cast import browser_of, make_cast
from tests.factories import make_freight, make_stage, make_warehouse
from tests.promotions.driving import promote

pytestmark = pytest.mark.django_db(transaction=True)

PATH = "/p/shop/promotions/1/"
RETRY = f"{PATH}retry/"
STEPS = [
    {"uses": "compose-output", "as": "one", "config": {"value": 1}},
    {"uses": "fail", "as": "two", "config": {"message": "<b>not</b> today"}},
]


@pytest.fixture
def cast():
    return make_cast()


@pytest.fixture
def failed(cast):
    warehouse = make_warehouse(cast.project)
    return promote(make_stage(cast.project, warehouse=warehouse, steps=STEPS), make_freight(warehouse))


def test_a_promoter_may_and_comes_back_to_the_page(cast, failed):
    response = browser_of(cast.bob).post(RETRY, {"step": "2", "note": "flaky"})

    assert (response.status_code, response["Location"]) == (302, PATH)
    failed.refresh_from_db()
    assert (failed.phase, failed.attempt, failed.first_step) == (Phase.PENDING, 2, 1)
    assert failed.attempts.get().note == "flaky"


def test_without_a_step_the_failed_one_is_meant(cast, failed):
    browser_of(cast.bob).post(RETRY)

    failed.refresh_from_db()
    assert failed.first_step == 1


@pytest.mark.parametrize(("who", "status"), [("rita", 403), ("charlie", 404)])
def test_others_may_not(cast, failed, who, status):
    assert browser_of(getattr(cast, who)).post(RETRY).status_code == status

    assert not failed.attempts.exists()


def test_get_gets_405(cast, failed):
    assert browser_of(cast.bob).get(RETRY).status_code == 405


@pytest.mark.parametrize("step", ["two", "-1", "1.5", "<script>"])
def test_a_step_that_is_no_number_is_refused_with_the_way_out(cast, failed, step):
    response = browser_of(cast.bob).post(RETRY, {"step": step})

    assert response.status_code == 422
    assert "is no number of a step" in response.content.decode()
    assert "<script>&quot;" not in response.content.decode()


def test_a_refusal_says_why(cast, failed):
    Promotion.objects.filter(pk=failed.pk).update(phase=Phase.SUCCEEDED)

    response = browser_of(cast.bob).post(RETRY)

    assert response.status_code == 409
    assert "only one that failed or errored can be retried" in response.content.decode()


def test_the_page_offers_the_failed_step_first_and_says_what_changed_since(cast, failed):
    Stage.objects.update(generation=7)
    Promotion.objects.update(work_tree_removed_at=timezone.now())

    page = browser_of(cast.bob).get(f"{PATH}?ask=retry").content.decode()

    assert '<dialog id="retry-dialog" aria-labelledby="retry-title" open>' in page
    assert page.index("2. two (fail)") < page.index("1. one (compose-output)")
    assert "The work tree was removed meanwhile" in page
    assert "The template of test was changed since" in page


def test_readers_are_not_offered_what_they_may_not_do(cast, failed):
    page = browser_of(cast.rita).get(PATH).content.decode()

    assert "Retry" not in page
    assert "&lt;b&gt;not&lt;/b&gt; today" in page


def test_earlier_attempts_are_shown(cast, failed):
    bob = browser_of(cast.bob)
    bob.post(RETRY, {"note": "<i>again</i>"})

    page = bob.get(PATH).content.decode()

    assert "Attempt 1" in page
    assert "Retried by bob: “&lt;i&gt;again&lt;/i&gt;”" in page
    assert "attempt 2" in page
