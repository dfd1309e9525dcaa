"""The page of one stage, its card, and approving freight for it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from freight.models import Freight
from projects.models import AuditEntry
from promotions.models import FreightApproval, FreightVerification, Occupancy, Stage
from promotions.phases import Phase, StepStatus
from tests.cast import Cast, browser_of
from tests.factories import make_freight, make_promotion, make_stage, make_warehouse

PAGE = "/p/shop/stages/prod/"


@pytest.fixture
def prod(cast: Cast) -> Stage:
    """dev feeds prod; `first` is in prod, `second` verified in dev, `third` not yet."""
    now = timezone.now()
    warehouse = make_warehouse(cast.project)
    dev = make_stage(cast.project, "dev", warehouse=warehouse, column=1)
    prod = make_stage(cast.project, "prod", upstream=dev, column=2, source="kind: Stage # mine")
    for number, alias in enumerate(("third", "second", "first")):
        freight = make_freight(
            warehouse, alias=alias, images=[{"tag": f"3.{number}"}], discovered_at=now - timedelta(hours=number)
        )
        if alias != "third":
            FreightVerification.objects.create(stage=dev, freight=freight, verified_at=now)
    promotion = make_promotion(prod, freight, phase=Phase.SUCCEEDED, actor_label="email:bob", actor_name="bob")
    Occupancy.objects.create(
        stage=prod, origin=freight.origin, freight=freight, promotion=promotion, since=now - timedelta(minutes=5)
    )
    Stage.objects.filter(pk=prod.pk).update(last_promotion=promotion)
    return prod


def test_shows_what_is_there_what_may_come_and_what_waits(cast: Cast, prod: Stage) -> None:
    page = browser_of(cast.bob).get(PAGE).content.decode()

    place, coming = page.index("In place"), page.index(">Next<")
    assert place < page.index("/freight/first/") < coming
    assert "?freight=second&amp;stage=prod" in page
    assert "?freight=third&amp;stage=prod" not in page
    assert "Not verified in &quot;dev&quot; yet" in page[coming:]
    assert "kind: Stage # mine" in page


def test_names_the_step_that_failed_and_the_cause(cast: Cast, prod: Stage) -> None:
    promotion = make_promotion(prod, Freight.objects.get(alias="second"), phase=Phase.ERRORED, message="403 from git")
    promotion.step_runs.create(index=0, alias="task::push", kind="git-push", status=StepStatus.ERRORED)
    Stage.objects.filter(pk=prod.pk).update(last_promotion=promotion)

    assert "push: 403 from git" in browser_of(cast.rita).get(PAGE).content.decode()
    assert "push: 403 from git" in browser_of(cast.rita).get(f"{PAGE}card/").content.decode()


def test_a_running_promotion_shows_how_far_it_is(cast: Cast, prod: Stage) -> None:
    promotion = make_promotion(prod, Freight.objects.get(alias="second"), phase=Phase.RUNNING)
    promotion.step_runs.create(index=0, alias="clone", kind="git-clone", status=StepStatus.SUCCEEDED)
    promotion.step_runs.create(index=1, alias="push", kind="git-push", status=StepStatus.RUNNING)
    Stage.objects.filter(pk=prod.pk).update(current_promotion=promotion)

    card = browser_of(cast.bob).get(f"{PAGE}card/").content.decode()

    assert "Running 2 of 2" in card
    assert 'value="1" max="2"' in card
    assert f"/promotions/{promotion.number}/" in card


def test_a_viewer_sees_why_promote_is_shut(cast: Cast, prod: Stage) -> None:
    page = browser_of(cast.rita).get(PAGE).content.decode()

    assert 'aria-disabled="true"' in page
    assert "may not promote to this stage" in page


def test_the_queries_do_not_grow_with_history_and_freight(cast: Cast, prod: Stage) -> None:
    bob = browser_of(cast.bob)
    with CaptureQueriesContext(connection) as few:
        bob.get(PAGE)
    now, dev = timezone.now(), Stage.objects.get(name="dev")
    for number in range(1, 12):
        freight = make_freight(cast.project.warehouses.get(), discovered_at=now + timedelta(minutes=number))
        FreightVerification.objects.create(stage=dev, freight=freight, verified_at=now)
        promotion = make_promotion(prod, freight, phase=Phase.SUCCEEDED)
        Occupancy.objects.create(
            stage=prod, origin=freight.origin, freight=freight, promotion=promotion, since=now, until=now
        )
    with CaptureQueriesContext(connection) as many:
        bob.get(PAGE)

    assert len(many) == len(few)


def test_an_htmx_request_gets_the_part(cast: Cast, prod: Stage) -> None:
    part = browser_of(cast.bob).get(PAGE, headers={"HX-Request": "true"}).content.decode()

    assert "<html" not in part
    assert 'id="stage"' in part


def test_alice_approves_freight_past_dev_with_a_reason(cast: Cast, prod: Stage) -> None:
    answer = browser_of(cast.alice).post(f"{PAGE}approve/", {"freight": "third", "reason": "hotfix"})

    approval = FreightApproval.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, "/p/shop/freight/third/")
    assert (approval.stage, approval.freight.alias, approval.reason) == (prod, "third", "hotfix")
    assert AuditEntry.objects.get(action="approved").reason == "hotfix"
    assert "?freight=third&amp;stage=prod" in browser_of(cast.bob).get(PAGE).content.decode()


def test_no_reason_no_approval(cast: Cast, prod: Stage) -> None:
    answer = browser_of(cast.alice).post(f"{PAGE}approve/", {"freight": "third", "reason": "  "})

    assert answer.status_code == 409
    assert "Say why" in answer.content.decode()
    assert not FreightApproval.objects.exists()


def test_only_owners_approve(cast: Cast, prod: Stage) -> None:
    form = {"freight": "third", "reason": "please"}

    assert browser_of(cast.bob).post(f"{PAGE}approve/", form).status_code == 403
    assert browser_of(cast.rita).post(f"{PAGE}approve/", form).status_code == 403
    assert browser_of(cast.charlie).post(f"{PAGE}approve/", form).status_code == 404
    assert browser_of(cast.alice).get(f"{PAGE}approve/").status_code == 405
    assert not FreightApproval.objects.exists()


def test_strangers_and_unknown_stages_are_not_found(cast: Cast, prod: Stage) -> None:
    for address in (PAGE, f"{PAGE}card/"):
        assert browser_of(cast.charlie).get(address).status_code == 404
        assert browser_of(cast.bob).get(address.replace("prod", "nowhere")).status_code == 404
