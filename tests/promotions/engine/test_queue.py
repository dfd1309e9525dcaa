"""Whose turn it is in a stage."""

from itertools import pairwise

import pytest
from django.utils import timezone

from projects.actors import controller
from promotions.engine import advance, list_waiting
from promotions.models import Health, Promotion, Verification
from promotions.phases import Phase, VerificationPhase
from promotions.requests import abort_promotion
from tests.factories import make_freight, make_project, make_promotion, make_stage, make_warehouse
from tests.promotions.driving import ask, drain, promote

pytestmark = pytest.mark.django_db(transaction=True)

OK = {"uses": "compose-output", "as": "ok", "config": {"value": 1}}
BAD = {"uses": "fail", "config": {"message": "no"}}


def make_world(*steps):
    project = make_project()
    warehouse = make_warehouse(project)
    return make_stage(project, warehouse=warehouse, steps=steps or (OK,)), warehouse


def test_promotions_of_a_stage_run_one_after_the_other_in_the_order_asked():
    stage, warehouse = make_world()
    asked = [ask(stage, make_freight(warehouse)) for _ in range(3)]
    stage.refresh_from_db()
    assert stage.current_promotion == asked[0]
    assert list_waiting(stage) == asked

    drain()

    ended = list(Promotion.objects.order_by("finished_at"))
    assert ended == asked
    for before, after in pairwise(ended):
        assert before.finished_at <= after.started_at


def test_only_the_promotion_whose_turn_it_is_starts():
    stage, warehouse = make_world()
    first, second = ask(stage, make_freight(warehouse)), ask(stage, make_freight(warehouse))
    Promotion.objects.filter(pk=first.pk).update(due_at=None)
    Promotion.objects.filter(pk=second.pk).update(due_at=timezone.now())

    drain()

    second.refresh_from_db()
    assert (second.phase, second.started_at, second.due_at) == (Phase.PENDING, None, None)


def test_promotions_of_different_stages_do_not_wait_for_each_other():
    stage, warehouse = make_world()
    other = make_stage(stage.project, "other", warehouse=warehouse, steps=[OK])
    make_running(stage, make_freight(warehouse))

    assert promote(other, make_freight(warehouse)).phase == Phase.SUCCEEDED


def test_the_next_one_waits_for_the_verification_of_what_is_there():
    stage, warehouse = make_world()
    promote(stage, make_freight(warehouse))
    Verification.objects.update(phase=VerificationPhase.RUNNING, finished_at=None)
    waiting = promote(stage, make_freight(warehouse))
    assert waiting.phase == Phase.PENDING

    Verification.objects.update(phase=VerificationPhase.FAILED, finished_at=timezone.now())
    stage.refresh_from_db()
    assert advance(stage, now=timezone.now()) == waiting
    drain()

    waiting.refresh_from_db()
    assert waiting.phase == Phase.SUCCEEDED


def test_a_stage_that_is_not_healthy_needs_no_verification_before_its_repair():
    stage, warehouse = make_world()
    promote(stage, make_freight(warehouse))
    Verification.objects.all().delete()
    stage.refresh_from_db()
    waiting = make_promotion(stage, make_freight(warehouse))
    assert advance(stage, now=timezone.now()) is None

    stage.health = Health.UNKNOWN

    assert advance(stage, now=timezone.now()) == waiting


def test_a_failed_promotion_lets_the_next_one_start():
    stage, warehouse = make_world({**BAD, "if": "${{ ctx.targetFreight.alias == 'sour' }}"})
    first = ask(stage, make_freight(warehouse, alias="sour"))
    second = ask(stage, make_freight(warehouse))

    drain()

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.phase, second.phase) == (Phase.FAILED, Phase.SUCCEEDED)


def test_the_same_freight_may_wait_twice():
    stage, warehouse = make_world()
    freight = make_freight(warehouse)
    promotions = [ask(stage, freight), ask(stage, freight)]

    drain()

    assert {p.phase for p in Promotion.objects.filter(pk__in=[p.pk for p in promotions])} == {Phase.SUCCEEDED}


def test_a_waiting_promotion_can_be_aborted_without_touching_the_running_one():
    stage, warehouse = make_world()
    running = make_running(stage, make_freight(warehouse))
    waiting = ask(stage, make_freight(warehouse))

    abort_promotion(controller("alice"), waiting, now=timezone.now())
    drain()

    waiting.refresh_from_db()
    running.refresh_from_db()
    assert (waiting.phase, waiting.message) == (Phase.ABORTED, "Promotion terminated by alice")
    assert (waiting.started_at, running.phase) == (None, Phase.RUNNING)
    stage.refresh_from_db()
    assert stage.current_promotion == running


def test_a_stale_view_of_the_stage_does_not_strand_the_promotion():
    stage, warehouse = make_world()
    running = ask(stage, make_freight(warehouse))
    stage.refresh_from_db()
    assert stage.current_promotion == running  # this copy remembers it as waiting or running
    drain()

    second = promote(stage, make_freight(warehouse))

    assert second.phase == Phase.SUCCEEDED


def make_running(stage, freight):
    """A promotion that another worker is at."""
    promotion = make_promotion(stage, freight, phase=Phase.RUNNING)
    type(stage).objects.filter(pk=stage.pk).update(current_promotion=promotion)
    stage.refresh_from_db()
    return promotion
