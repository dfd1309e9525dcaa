"""The page of events."""

from datetime import timedelta

import pytest
from django.utils import timezone

from projects.events import record_event
from projects.models import Event
from tests.cast import browser_of, make_cast
from tests.factories import make_project

pytestmark = pytest.mark.django_db
PATH = "/p/shop/activity/"


def record(project, kind, message="It happened", *, age=timedelta(), actor="email:bob@example.com"):
    record_event(
        project,
        kind,
        message=message,
        actor_label=actor,
        target_kind="promotion",
        target_name="#7",
        data={},
        now=timezone.now() - age,
    )


@pytest.fixture
def cast():
    return make_cast()


def test_newest_first_with_who_and_what(cast):
    record(cast.project, "PromotionCreated", "first <b>one</b>", age=timedelta(minutes=2))
    record(cast.project, "PromotionFailed", "second one", actor="controller:promotion-controller")

    page = browser_of(cast.rita).get(PATH).content.decode()

    assert page.index("second one") < page.index("first &lt;b&gt;one&lt;/b&gt;")
    assert "bob@example.com" in page
    assert "promotion-controller" in page


def test_one_kind_can_be_chosen(cast):
    record(cast.project, "PromotionCreated", "made")
    record(cast.project, "PromotionFailed", "broke")

    page = browser_of(cast.rita).get(PATH, {"kind": "PromotionFailed"}).content.decode()

    assert "broke" in page
    assert "made" not in page


def test_older_events_are_a_page_away(cast):
    for number in range(60):
        record(cast.project, "FreightCreated", f"number {number:02d}.", age=timedelta(minutes=60 - number))
    bob = browser_of(cast.bob)

    first = bob.get(PATH)
    second = bob.get(PATH, {"before": first.context["page"].older}).content.decode()

    assert "number 59." in first.content.decode()
    assert "number 09." not in first.content.decode()
    assert "number 09." in second
    assert "number 00." in second


@pytest.mark.parametrize("before", ["x", "-1", "9" * 30, "0"])
def test_a_place_that_does_not_exist_is_the_beginning(cast, before):
    record(cast.project, "FreightCreated", "here")

    assert "here" in browser_of(cast.bob).get(PATH, {"before": before}).content.decode()


def test_other_projects_stay_out(cast):
    other = make_project("other")
    record(other, "FreightCreated", "elsewhere")

    assert "Nothing has happened yet" in browser_of(cast.bob).get(PATH).content.decode()


def test_strangers_get_404_and_post_405(cast):
    assert browser_of(cast.charlie).get(PATH).status_code == 404
    assert browser_of(cast.bob).post(PATH).status_code == 405
    assert not Event.objects.exists()
