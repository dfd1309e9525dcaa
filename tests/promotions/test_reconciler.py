"""What a stage makes of ended promotions: what it holds, since when, verified or not, and whose turn is next."""

from datetime import timedelta

import pytest
from django.utils import timezone

from projects.actors import controller
from promotions import engine
from promotions.models import FreightVerification, Health, Occupancy, Promotion, Stage, Verification
from promotions.phases import Phase, VerificationPhase
from promotions.reconciler import reconcile_stage
from promotions.requests import abort_promotion, approve_freight
from promotions.tasks import tick
from tests.factories import make_freight, make_project, make_promotion, make_stage, make_warehouse
from tests.promotions.driving import ask, drain, promote

pytestmark = pytest.mark.django_db(transaction=True)

OK = {"uses": "compose-output", "as": "ok", "config": {"value": 1}}
SOUR = {"uses": "fail", "if": "${{ ctx.targetFreight.alias == 'sour' }}", "config": {"message": "no"}}


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def warehouse(project):
    return make_warehouse(project)


def make_due(stage):
    Stage.objects.filter(pk=stage.pk).update(due_at=timezone.now())


def test_a_success_opens_a_stay_and_verifies_the_freight(project, warehouse):
    stage, freight = make_stage(project, warehouse=warehouse, steps=[OK]), make_freight(warehouse)

    promotion = promote(stage, freight)

    stay = Occupancy.objects.get()
    assert (stay.freight, stay.origin, stay.since, stay.until) == (
        freight,
        warehouse.origin,
        promotion.finished_at,
        None,
    )
    assert Verification.objects.get().phase == VerificationPhase.SUCCESSFUL
    assert FreightVerification.objects.get().freight == freight
    stage.refresh_from_db()
    assert (stage.health, stage.last_promotion, stage.current_promotion) == (Health.HEALTHY, promotion, None)


def test_a_failure_leaves_the_stay_but_not_the_health(project, warehouse):
    stage = make_stage(project, warehouse=warehouse, steps=[SOUR])
    good = make_freight(warehouse)
    promote(stage, good)

    failed = promote(stage, make_freight(warehouse, alias="sour"))

    assert failed.phase == Phase.FAILED
    assert Occupancy.objects.get(until__isnull=True).freight == good
    stage.refresh_from_db()
    assert (stage.health, stage.last_promotion) == (Health.UNKNOWN, failed)
    assert FreightVerification.objects.get().freight == good


def test_freight_that_leaves_keeps_its_longest_soak(project, warehouse):
    stage = make_stage(project, warehouse=warehouse, steps=[OK])
    first, second = make_freight(warehouse), make_freight(warehouse)
    promote(stage, first)
    Occupancy.objects.update(since=timezone.now() - timedelta(hours=3))

    left_at = promote(stage, second).finished_at
    mark = FreightVerification.objects.get(freight=first)
    assert timedelta(hours=3) <= mark.longest_soak < timedelta(hours=3, minutes=1)
    assert Occupancy.objects.get(freight=first).until == left_at

    promote(stage, first)
    promote(stage, second)
    mark.refresh_from_db()
    assert mark.longest_soak >= timedelta(hours=3), "a shorter stay does not shorten it"
    assert Occupancy.objects.filter(freight=first).count() == 2


def test_promoting_what_is_there_already_keeps_the_stay_and_verifies_again(project, warehouse):
    stage, freight = make_stage(project, warehouse=warehouse, steps=[OK]), make_freight(warehouse)
    promote(stage, freight)
    before = Occupancy.objects.get()

    again = promote(stage, freight)

    assert again.phase == Phase.SUCCEEDED
    assert Occupancy.objects.get() == before
    assert list(Verification.objects.values_list("promotion", flat=True)) == [
        again.pk,
        Promotion.objects.get(number=1).pk,
    ]
    assert FreightVerification.objects.count() == 1


def test_the_second_origin_is_carried_over(project, warehouse):
    charts = make_warehouse(project, "charts")
    stage = make_stage(project, warehouse=[warehouse, charts], steps=[SOUR])
    app, chart = make_freight(warehouse), make_freight(charts)

    promote(stage, app)
    both = promote(stage, chart)

    assert names_in(both) == {warehouse.origin: app.name, charts.origin: chart.name}
    assert held(stage) == {warehouse.origin: app, charts.origin: chart}

    newer = make_freight(warehouse)
    third = promote(stage, newer)
    assert names_in(third) == {warehouse.origin: newer.name, charts.origin: chart.name}
    assert held(stage) == {warehouse.origin: newer, charts.origin: chart}


def test_a_failed_promotion_changes_no_slot_of_later_ones(project, warehouse):
    charts = make_warehouse(project, "charts")
    stage = make_stage(project, warehouse=[warehouse, charts], steps=[SOUR])
    app, chart = make_freight(warehouse), make_freight(charts)
    promote(stage, app)
    sour = make_freight(warehouse, alias="sour")
    assert promote(stage, sour).phase == Phase.FAILED
    assert held(stage) == {warehouse.origin: app}

    succeeded = promote(stage, chart)

    assert names_in(succeeded) == {warehouse.origin: app.name, charts.origin: chart.name}
    assert held(stage) == {warehouse.origin: app, charts.origin: chart}


def test_a_first_promotion_that_fails_leaves_the_slot_empty(project, warehouse):
    charts = make_warehouse(project, "charts")
    stage = make_stage(project, warehouse=[warehouse, charts], steps=[SOUR])
    chart = make_freight(charts)
    assert promote(stage, make_freight(warehouse, alias="sour")).phase == Phase.FAILED

    assert names_in(promote(stage, chart)) == {charts.origin: chart.name}


def test_a_promotion_that_never_started_takes_nothing_from_the_next(project, warehouse):
    charts = make_warehouse(project, "charts")
    stage = make_stage(project, warehouse=[warehouse, charts], steps=[OK])
    app, chart = make_freight(warehouse), make_freight(charts)
    promote(stage, app)
    aborted = ask(stage, make_freight(warehouse))
    abort_promotion(controller("alice"), aborted, now=timezone.now())
    drain()
    aborted.refresh_from_db()
    assert aborted.phase == Phase.ABORTED

    last = promote(stage, chart)

    assert names_in(last) == {warehouse.origin: app.name, charts.origin: chart.name}
    assert held(stage) == {warehouse.origin: app, charts.origin: chart}


def test_an_origin_that_is_no_longer_requested_is_forgotten(project, warehouse):
    charts, third = make_warehouse(project, "charts"), make_warehouse(project, "third")
    stage = make_stage(project, warehouse=[warehouse, charts, third], steps=[OK])
    promote(stage, make_freight(warehouse))
    stage.spec["requestedFreight"] = stage.spec["requestedFreight"][1:]
    stage.save()
    chart = make_freight(charts)

    promotion = promote(stage, chart)

    assert names_in(promotion) == {charts.origin: chart.name}
    assert held(stage) == {charts.origin: chart}


def test_freight_flows_through_control_flow_stages_by_itself(project, warehouse):
    first = make_stage(project, "first", warehouse=warehouse, steps=[OK])
    gate = make_stage(project, "gate", upstream=first, steps=[])
    gate_after = make_stage(project, "gate-after", upstream=gate, steps=[])
    last = make_stage(project, "last", upstream=gate_after, steps=[OK])
    freight = make_freight(warehouse)

    promote(first, freight)

    marked = set(FreightVerification.objects.filter(freight=freight).values_list("stage__name", flat=True))
    assert marked == {"first", "gate", "gate-after"}
    assert not Occupancy.objects.filter(stage__in=[gate, gate_after]).exists()
    assert promote(last, freight).phase == Phase.SUCCEEDED


def test_new_freight_wakes_stages_at_the_next_tick(project, warehouse):
    gate = make_stage(project, "gate", warehouse=warehouse, steps=[])
    make_due(gate)
    drain()
    freight = make_freight(warehouse)

    tick()
    drain()

    assert FreightVerification.objects.get().freight == freight
    tick()
    gate.refresh_from_db()
    assert gate.due_at is None, "the same freight wakes it once"


def test_approved_freight_passes_a_control_flow_stage(project, warehouse):
    first = make_stage(project, "first", warehouse=warehouse, steps=[OK])
    gate = make_stage(project, "gate", upstream=first, steps=[])
    freight = make_freight(warehouse)

    approve_freight(controller("alice"), gate, freight, reason="urgent", now=timezone.now())
    drain()

    assert FreightVerification.objects.get().stage == gate


def test_a_stage_that_asks_for_an_analysis_says_that_it_cannot_run_it(project, warehouse):
    templates = {"verification": {"analysisTemplates": [{"name": "load"}]}}
    stage = make_stage(project, warehouse=warehouse, steps=[OK], spec=templates)

    promote(stage, make_freight(warehouse))

    verification = Verification.objects.get()
    assert verification.phase == VerificationPhase.ERROR
    assert "cannot run the analysis templates" in verification.message
    assert not FreightVerification.objects.exists()
    assert promote(stage, make_freight(warehouse)).phase == Phase.SUCCEEDED, "the queue goes on"


def test_several_ended_promotions_are_recorded_oldest_first_and_once(project, warehouse):
    stage = make_stage(project, warehouse=warehouse, steps=[OK])
    freight = [make_freight(warehouse) for _ in range(3)]
    for item in freight:
        reference = {warehouse.origin: {"name": item.name, "origin": {"kind": "Warehouse", "name": "main"}}}
        make_promotion(stage, item, phase=Phase.SUCCEEDED, collection=reference)
    make_due(stage)

    drain()
    make_due(stage)
    drain()

    assert held(stage) == {warehouse.origin: freight[2]}
    assert list(Occupancy.objects.order_by("id").values_list("freight", flat=True)) == [f.pk for f in freight]


def test_a_stage_that_is_not_due_is_left_alone(project, warehouse):
    stage = make_stage(project, warehouse=warehouse, steps=[OK])
    make_promotion(stage, make_freight(warehouse), phase=Phase.SUCCEEDED)

    reconcile_stage(stage.pk, site=engine.read_site())

    stage.refresh_from_db()
    assert stage.last_promotion is None


def test_the_work_tree_is_gone_once_the_end_is_recorded(project, warehouse):
    stage = make_stage(project, warehouse=warehouse, steps=[OK])

    promotion = promote(stage, make_freight(warehouse))

    assert not list(engine.read_site().work_dir.glob(f"{promotion.pk}-*"))


def names_in(promotion):
    promotion.refresh_from_db()
    return {origin: reference["name"] for origin, reference in promotion.collection.items()}


def held(stage):
    return {stay.origin: stay.freight for stay in stage.occupancies.filter(until__isnull=True)}
