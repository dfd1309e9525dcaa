"""The box in which people answer what a step asks."""

from pathlib import Path

import pytest
from django.utils import timezone

from promotions.engine.masking import Masker
from promotions.engine.people import PromotionPeople
from promotions.models import StepRequest, StepResponse, StepRun
from promotions.phases import Phase, StepStatus
from promotions.steps.base import StepContext
from promotions.steps.capabilities import Capabilities
from promotions.steps.execution import read_config
from promotions.steps.registry import find_step
from tests.cast import browser_of, make_cast
from tests.factories import make_freight, make_promotion, make_stage, make_warehouse
from tests.promotions.driving import drain, look

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/p/shop/promotions/1/"
PART = f"{PAGE}requests/"
HTMX = {"HX-Request": "true"}
SCHEMA = {
    "type": "object",
    "required": ["version"],
    "properties": {
        "version": {"type": "string", "minLength": 2, "description": "<i>which</i>"},
        "fast": {"type": "boolean"},
        "region": {"enum": ["eu", "us"]},
    },
}


@pytest.fixture
def cast():
    return make_cast()


def start(cast, kind="wait-for-approval", config=None):
    """A promotion that waits for an answer, as the engine leaves it."""
    warehouse = make_warehouse(cast.project)
    steps = [{"uses": kind, "as": "ask", "config": config or {}}]
    stage = make_stage(cast.project, "uat", warehouse=warehouse, steps=steps)
    promotion = make_promotion(stage, make_freight(warehouse), phase=Phase.RUNNING)
    StepRun.objects.create(
        promotion=promotion, index=0, alias="ask", kind=kind, status=StepStatus.RUNNING, started_at=timezone.now()
    )
    parsed = read_config(find_step(kind), config)
    asked = PromotionPeople(promotion, Masker())
    find_step(kind).run(make_context(asked), parsed)
    return promotion, f"{PART}{StepRequest.objects.get().pk}/"


def make_context(people):
    return StepContext(
        workdir=Path("/nowhere"),
        project="shop",
        stage="uat",
        promotion="uat.1",
        alias="ask",
        log=lambda text, stream: None,
        should_stop=lambda: False,
        can=Capabilities(people=people),
    )


def test_who_may_approves_and_comes_back_to_the_page(cast):
    promotion, url = start(cast)
    bob = browser_of(cast.bob)
    assert "Step ask asks for approval" in bob.get(PAGE).content.decode()

    response = bob.post(url, {"action": "approve", "message": "<script>alert(1)</script>"})

    assert (response.status_code, response["Location"]) == (302, PAGE)
    drain()
    assert look(promotion).phase == Phase.SUCCEEDED
    page = bob.get(PAGE).content.decode()
    assert "<script>alert(1)" not in page
    assert "ask: approved by bob" in page


def test_members_who_are_not_asked_get_403_and_see_who_is(cast):
    _, url = start(cast, config={"approvers": [{"role": "owner"}]})
    bob = browser_of(cast.bob)

    page = bob.get(PAGE).content.decode()
    answer = bob.post(url, {"action": "approve"})

    assert "Only role owner can answer this." in page
    assert url not in page
    assert answer.status_code == 403
    assert not StepResponse.objects.exists()


def test_strangers_get_404(cast):
    _, url = start(cast)
    charlie = browser_of(cast.charlie)

    assert charlie.post(url, {"action": "approve"}).status_code == 404
    assert charlie.get(PART).status_code == 404


def test_get_gets_405_and_answers_nothing(cast):
    _, url = start(cast)

    assert browser_of(cast.bob).get(url).status_code == 405
    assert browser_of(cast.bob).post(PART).status_code == 405
    assert not StepResponse.objects.exists()


def test_a_request_of_another_promotion_is_not_found(cast):
    _, url = start(cast)

    assert browser_of(cast.bob).post(f"{PART}999/", {"action": "approve"}).status_code == 404
    assert browser_of(cast.bob).post(url.replace("/1/req", "/2/req"), {"action": "approve"}).status_code == 404


def test_an_answer_that_is_neither_is_refused(cast):
    _, url = start(cast)

    assert browser_of(cast.bob).post(url, {"action": "maybe"}).status_code == 422


def test_a_rejection_without_a_reason_comes_back_in_the_form(cast):
    _, url = start(cast)

    for headers in ({}, HTMX):
        response = browser_of(cast.bob).post(url, {"action": "reject"}, headers=headers)
        assert response.status_code == 422
        assert "Say why" in response.content.decode()
    assert not StepResponse.objects.exists()


def test_the_second_answer_after_the_decision_says_who_was_first(cast):
    _, url = start(cast)
    browser_of(cast.alice).post(url, {"action": "approve"})

    response = browser_of(cast.bob).post(url, {"action": "reject", "message": "no"})

    assert response.status_code == 409
    assert "was approved meanwhile by alice" in response.content.decode()


def test_the_form_is_made_from_the_schema_and_escapes_it(cast):
    start(cast, "get-user-input", {"schema": SCHEMA, "display": "<b>What</b> now?"})

    page = browser_of(cast.bob).get(PAGE).content.decode()

    assert "&lt;b&gt;What&lt;/b&gt; now?" in page
    assert "&lt;i&gt;which&lt;/i&gt;" in page
    assert 'name="value-version" value=""' in page
    assert '<option value="1">us</option>' in page
    assert 'type="checkbox"' in page


def test_values_that_do_not_fit_come_back_with_what_was_typed(cast):
    _, url = start(cast, "get-user-input", {"schema": SCHEMA})
    typed = {"action": "approve", "value-version": '"', "value-region": "9", "value-fast": "on"}

    for headers in ({}, HTMX):
        response = browser_of(cast.bob).post(url, typed, headers=headers)
        page = response.content.decode()
        assert response.status_code == 422
        assert "Choose one of the values offered." in page
        assert 'value="&quot;"' in page
        assert 'value="on" checked' in page
    typed["value-region"] = "1"
    page = browser_of(cast.bob).post(url, typed).content.decode()
    assert "This needs at least 2 characters." in page


def test_values_that_fit_reach_the_promotion(cast):
    promotion, url = start(cast, "get-user-input", {"schema": SCHEMA})

    response = browser_of(cast.bob).post(
        url, {"action": "approve", "value-version": "v7", "value-region": "0"}, headers=HTMX
    )

    assert response.status_code == 200
    assert 'id="promotion-requests"' in response.content.decode()
    drain()
    assert look(promotion).output("ask")["values"] == {"version": "v7", "fast": False, "region": "eu"}


def test_the_part_is_answered_with_304_while_it_reads_the_same(cast):
    _, url = start(cast, config={"minApprovals": 2})
    rita = browser_of(cast.rita)
    first = rita.get(PART)

    assert rita.get(PART, headers={"If-None-Match": first["ETag"]}).status_code == 304
    browser_of(cast.bob).post(url, {"action": "approve"})
    again = rita.get(PART, headers={"If-None-Match": first["ETag"]})

    assert again.status_code == 200
    assert "1 of 2 approvals" in again.content.decode()


def test_without_anything_asked_the_part_is_hidden(cast):
    warehouse = make_warehouse(cast.project)
    make_promotion(make_stage(cast.project, warehouse=warehouse), make_freight(warehouse), phase=Phase.RUNNING)

    assert (
        '<div class="asks stack" id="promotion-requests" hidden' in browser_of(cast.rita).get(PAGE).content.decode()
    )
