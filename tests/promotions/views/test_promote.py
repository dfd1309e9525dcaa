"""Promoting: choosing, the review sheet, and asking; who may, and what is refused and why."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from freight.models import Freight
from promotions.models import FreightVerification, Occupancy, Promotion, Stage
from tests.cast import Cast, browser_of
from tests.factories import make_freight, make_member, make_stage, make_user, make_warehouse

PAGE = "/p/shop/promote/"


@dataclass(frozen=True)
class Pipeline:
    """dev takes freight directly, prod what dev verified. `old` is in dev, `new` in no stage."""

    cast: Cast
    dev: Stage
    prod: Stage
    old: Freight
    new: Freight

    def form(self, *stages: Stage, **fields: Any) -> dict[str, Any]:
        """What the review sheet sends."""
        generations = {f"generation-{stage.name}": stage.generation for stage in stages}
        return {"freight": self.new.name, "key": "k1", "stage": [s.name for s in stages], **generations, **fields}


@pytest.fixture
def pipeline(cast: Cast) -> Pipeline:
    now = timezone.now()
    warehouse = make_warehouse(cast.project)
    dev = make_stage(cast.project, "dev", warehouse=warehouse, column=1)
    prod = make_stage(cast.project, "prod", upstream=dev, column=2)
    old = make_freight(warehouse, images=[{"tag": "1.0.0"}], discovered_at=now - timedelta(hours=2))
    new = make_freight(
        warehouse,
        images=[{"tag": "2.0.0"}],
        commits=[{"commit_id": "c" * 40, "message": "Fix the till", "author": "Kim"}],
        discovered_at=now,
    )
    Occupancy.objects.create(stage=dev, origin=old.origin, freight=old, since=now - timedelta(hours=1))
    FreightVerification.objects.create(stage=dev, freight=old, verified_at=now)
    return Pipeline(cast, dev, prod, old, new)


def read(browser: Client, query: str, **headers: str) -> str:
    answer = browser.get(f"{PAGE}?{query}", headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def test_from_freight_open_stages_can_be_ticked_and_others_say_why_not(pipeline: Pipeline) -> None:
    page = read(browser_of(pipeline.cast.bob), f"freight={pipeline.new.alias}")

    ticks = {
        re.findall(r'value="(\w+)"', tick)[0]: tick for tick in re.findall(r'<input type="checkbox"[^>]*>', page)
    }
    assert "disabled" not in ticks["dev"]
    assert "disabled" in ticks["prod"]
    assert "Not verified in &quot;dev&quot; yet" in page


def test_from_a_stage_eligible_freight_comes_first_and_other_freight_says_why_not(pipeline: Pipeline) -> None:
    page = read(browser_of(pipeline.cast.bob), "stage=prod")

    assert page.index("Eligible") < page.index(pipeline.old.alias) < page.index("Not yet")
    assert page.index("Not yet") < page.index(pipeline.new.alias) < page.index("Not verified in &quot;dev&quot; yet")


def test_freight_of_a_warehouse_that_the_stage_does_not_want_is_not_offered(pipeline: Pipeline) -> None:
    other = make_freight(make_warehouse(pipeline.cast.project, "other"))

    assert other.alias not in read(browser_of(pipeline.cast.bob), "stage=dev")


def test_the_review_sheet_says_what_changes_from_what_to_what(pipeline: Pipeline) -> None:
    page = read(browser_of(pipeline.cast.bob), f"freight={pipeline.new.alias}&stage=dev")

    assert re.search(r'title="1\.0\.0".*title="2\.0\.0"', page, re.DOTALL)
    assert "Fix the till" in page
    assert f"Promote {pipeline.new.alias} to dev</span>" in page


def test_a_step_back_is_named_as_one(pipeline: Pipeline) -> None:
    stay = pipeline.dev.occupancies.get()
    stay.freight = pipeline.new
    stay.save()

    page = read(browser_of(pipeline.cast.bob), f"freight={pipeline.old.alias}&stage=dev")

    assert "a step back" in page


def test_works_as_a_part(pipeline: Pipeline) -> None:
    for query in (f"freight={pipeline.new.alias}", "stage=dev", f"freight={pipeline.new.alias}&stage=dev"):
        part = read(browser_of(pipeline.cast.bob), query, HX_Request="true")
        assert "<html" not in part
        assert 'id="promote"' in part


def test_bob_promotes_and_comes_to_the_promotion(pipeline: Pipeline) -> None:
    answer = browser_of(pipeline.cast.bob).post(PAGE, pipeline.form(pipeline.dev, note="for the fair"))

    promotion = Promotion.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/p/shop/promotions/{promotion.number}/")
    assert (promotion.freight, promotion.stage, promotion.note) == (pipeline.new, pipeline.dev, "for the fair")
    assert promotion.actor_name == "bob"


def test_a_double_click_makes_one_promotion(pipeline: Pipeline) -> None:
    bob = browser_of(pipeline.cast.bob)

    answers = [bob.post(PAGE, pipeline.form(pipeline.dev)) for _ in range(2)]

    assert Promotion.objects.count() == 1
    assert answers[0]["Location"] == answers[1]["Location"]


def test_the_page_gives_each_opening_a_key_of_its_own(pipeline: Pipeline) -> None:
    bob, query = browser_of(pipeline.cast.bob), f"freight={pipeline.new.alias}&stage=dev"

    keys = {re.findall(r'name="key" value="(\w+)"', read(bob, query))[0] for _ in range(2)}

    assert len(keys) == 2


def test_one_promotion_for_each_chosen_stage(pipeline: Pipeline) -> None:
    qa = make_stage(pipeline.cast.project, "qa", warehouse=pipeline.cast.project.warehouses.get(), column=1)

    browser_of(pipeline.cast.bob).post(PAGE, pipeline.form(pipeline.dev, qa))

    assert {p.stage_name for p in Promotion.objects.all()} == {"dev", "qa"}


def test_a_closed_gate_is_shown_on_the_review_sheet_again_and_nothing_is_made(pipeline: Pipeline) -> None:
    answer = browser_of(pipeline.cast.bob).post(PAGE, pipeline.form(pipeline.dev, pipeline.prod))

    assert answer.status_code == 409
    assert "Not verified in &quot;dev&quot; yet" in answer.content.decode()
    assert not Promotion.objects.exists()


def test_a_stage_edited_meanwhile_is_refused_with_its_name(pipeline: Pipeline) -> None:
    form = pipeline.form(pipeline.dev)
    Stage.objects.filter(pk=pipeline.dev.pk).update(generation=7)

    answer = browser_of(pipeline.cast.bob).post(PAGE, form)

    assert answer.status_code == 409
    assert "Edited since you opened this page: dev" in answer.content.decode()
    assert 'name="generation-dev" value="7"' in answer.content.decode()
    assert not Promotion.objects.exists()


def test_no_stage_chosen_is_told_beside_the_choice(pipeline: Pipeline) -> None:
    answer = browser_of(pipeline.cast.bob).post(PAGE, pipeline.form())

    assert answer.status_code == 422
    assert "Choose at least one stage." in answer.content.decode()


def test_rita_may_look_but_not_promote(pipeline: Pipeline) -> None:
    rita = browser_of(pipeline.cast.rita)

    page = read(rita, f"freight={pipeline.new.alias}&stage=dev")
    answer = rita.post(PAGE, pipeline.form(pipeline.dev))

    assert "You may not promote to &quot;dev&quot;" in page
    assert "<button" in page
    assert f"Promote {pipeline.new.alias} to dev</span>" not in page
    assert answer.status_code == 403
    assert "It needs the role Promoter" in answer.content.decode()
    assert not Promotion.objects.exists()


def test_a_promoter_of_dev_alone_may_not_slip_prod_in(pipeline: Pipeline) -> None:
    dora = make_user("dora")
    make_member(pipeline.cast.project, dora, "promoter", stages=["dev"])

    answer = browser_of(dora).post(PAGE, pipeline.form(pipeline.dev, pipeline.prod))

    assert answer.status_code == 403
    assert not Promotion.objects.exists()
    assert browser_of(dora).post(PAGE, pipeline.form(pipeline.dev)).status_code == 302


def test_charlie_learns_nothing(pipeline: Pipeline) -> None:
    charlie = browser_of(pipeline.cast.charlie)

    assert charlie.get(f"{PAGE}?stage=dev").status_code == 404
    assert charlie.post(PAGE, pipeline.form(pipeline.dev)).status_code == 404


@pytest.mark.parametrize("query", ["freight=no-such", "stage=nowhere"])
def test_what_does_not_exist_is_not_found(pipeline: Pipeline, query: str) -> None:
    answer = browser_of(pipeline.cast.bob).get(f"{PAGE}?{query}")

    assert answer.status_code == 404
    assert query.partition("=")[2] in answer.content.decode()


def test_without_a_question_it_leads_to_the_pipeline(pipeline: Pipeline) -> None:
    assert browser_of(pipeline.cast.bob).get(PAGE)["Location"] == "/p/shop/"


def test_puts_are_not_allowed(pipeline: Pipeline) -> None:
    assert browser_of(pipeline.cast.bob).put(PAGE).status_code == 405
