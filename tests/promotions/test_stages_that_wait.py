"""No stage and no promotion waits for something that nobody will tell it of."""

from datetime import timedelta

import pytest
from django.utils import timezone

from projects.errors import StaleVersion
from projects.leases import claim, list_due
from promotions.engine import read_site, sweep, workspace
from promotions.models import FreightVerification, Promotion, Stage, StepRun
from promotions.phases import Phase, StepStatus
from promotions.reconciler import take_up_freight
from tests.factories import make_freight, make_project, make_promotion, make_stage, make_warehouse
from tests.promotions.driving import ask, drain, promote

pytestmark = pytest.mark.django_db(transaction=True)

OK = {"uses": "compose-output", "as": "ok", "config": {"value": 1}}


@pytest.fixture
def warehouse():
    return make_warehouse(make_project())


def test_freight_passes_a_control_flow_stage_when_its_soak_ends(warehouse):
    first = make_stage(warehouse.project, "first", warehouse=warehouse, steps=[OK])
    gate = make_stage(warehouse.project, "gate", upstream=first, steps=[], sources={"requiredSoakTime": "1h"})
    freight = make_freight(warehouse)
    promote(first, freight)
    assert not FreightVerification.objects.filter(stage=gate).exists()

    gate.refresh_from_db()

    assert gate.due_at is not None
    assert timedelta(minutes=58) < gate.due_at - timezone.now() <= timedelta(hours=1)


def test_what_waits_for_a_stage_that_lost_its_steps_ends_and_says_so(warehouse):
    stage = make_stage(warehouse.project, "test", warehouse=warehouse, steps=[OK])
    waiting = make_promotion(stage, make_freight(warehouse))
    Stage.objects.filter(pk=stage.pk).update(spec={**stage.spec, "promotionTemplate": None}, due_at=timezone.now())

    drain()

    waiting.refresh_from_db()
    assert waiting.phase == Phase.ERRORED
    assert "has no promotion steps any more" in waiting.message


def test_a_step_that_kills_its_workers_is_given_up(warehouse):
    stage = make_stage(warehouse.project, "test", warehouse=warehouse, steps=[OK])
    promotion = ask(stage, make_freight(warehouse))
    StepRun.objects.filter(promotion=promotion).update(
        status=StepStatus.RUNNING, started_at=timezone.now(), is_in_flight=True, deaths=4
    )
    workspace.create(read_site().work_dir, promotion)

    drain()

    promotion.refresh_from_db()
    assert promotion.phase == Phase.ERRORED
    assert "5 workers died while they ran it" in promotion.message


def test_a_pass_without_a_verdict_leaves_the_lease_to_run_out(warehouse):
    stage = make_stage(warehouse.project, "test", warehouse=warehouse, steps=[OK])
    promotion = ask(stage, make_freight(warehouse))
    lease = claim(Promotion, promotion.pk, now=timezone.now(), length=timedelta(seconds=30))

    assert lease is not None
    assert not list_due(Promotion, timezone.now()).exists()
    assert list_due(Promotion, timezone.now() + timedelta(seconds=31)).get().pk == promotion.pk


def test_freight_is_taken_up_once_whatever_the_order_of_its_keys(warehouse):
    stage = make_stage(warehouse.project, "test", warehouse=warehouse, steps=[OK])
    freight = make_freight(warehouse)

    take_up_freight(now=timezone.now())
    stage.refresh_from_db()
    freight.refresh_from_db()

    assert stage.due_at is not None
    assert freight.is_taken_up


def test_a_stage_edited_since_it_was_looked_at_is_not_promoted_to(warehouse):
    stage = make_stage(warehouse.project, "test", warehouse=warehouse, steps=[OK])
    Stage.objects.filter(pk=stage.pk).update(generation=2)

    with pytest.raises(StaleVersion, match="was changed meanwhile"):
        ask(stage, make_freight(warehouse))

    assert not Promotion.objects.exists()


def test_a_failed_promotion_changes_no_slot_of_the_next_one(warehouse):
    other = make_warehouse(warehouse.project, "other")
    picky = {"uses": "fail", "if": "${{ ctx.targetFreight.alias == 'sour' }}", "config": {}}
    stage = make_stage(warehouse.project, "test", warehouse=[warehouse, other], steps=[picky])
    kept = make_freight(other, alias="kept")
    promote(stage, kept)
    promote(stage, make_freight(other, alias="sour"))

    promotion = promote(stage, make_freight(warehouse))

    assert promotion.phase == Phase.SUCCEEDED
    assert promotion.collection["Warehouse/other"]["name"] == kept.name


def test_a_sweep_removes_what_nobody_came_back_for(warehouse, tmp_path):
    stage = make_stage(warehouse.project, "test", warehouse=warehouse, steps=[OK])
    ended = promote(stage, make_freight(warehouse))
    running = make_promotion(stage, make_freight(warehouse), phase=Phase.RUNNING)
    work = read_site().work_dir
    for name in (
        f"{ended.pk}-{ended.name.rsplit('.', 2)[1]}",
        f"{running.pk}-{running.name.rsplit('.', 2)[1]}",
        "999999-gone",
    ):
        (work / name).mkdir(parents=True)

    sweep(work, kept=timedelta(hours=1), now=timezone.now())

    assert [path.name.split("-")[0] for path in work.iterdir()] == [str(running.pk)]
