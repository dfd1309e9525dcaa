"""The only way a promotion changes its phase."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from promotions.models import Promotion
from promotions.moves import move
from promotions.phases import ALLOWED_MOVES, LIVE, TERMINAL, Phase
from tests.factories import make_freight, make_project, make_promotion, make_stage, make_warehouse

pytestmark = pytest.mark.django_db


@pytest.fixture
def stage():
    project = make_project()
    return make_stage(project, warehouse=make_warehouse(project))


def rows(promotion):
    return Promotion.objects.filter(pk=promotion.pk)


def make_one(stage, phase=Phase.PENDING):
    return make_promotion(stage, make_freight(stage.project.warehouses.get()), phase=phase)


def test_writes_the_phase_with_its_facts_and_a_new_version(stage):
    promotion, now = make_one(stage), timezone.now()

    assert move(rows(promotion), source=Phase.PENDING, target=Phase.RUNNING, started_at=now)

    promotion.refresh_from_db()
    assert (promotion.phase, promotion.started_at, promotion.version) == (Phase.RUNNING, now, 2)


def test_of_two_that_move_it_one_wins(stage):
    promotion, now = make_one(stage, Phase.RUNNING), timezone.now()

    assert move(rows(promotion), source=Phase.RUNNING, target=Phase.FAILED, finished_at=now)
    assert not move(rows(promotion), source=Phase.RUNNING, target=Phase.SUCCEEDED, finished_at=now)

    promotion.refresh_from_db()
    assert promotion.phase == Phase.FAILED


@pytest.mark.parametrize(
    ("source", "target"),
    [(s, t) for s in Phase for t in Phase if t not in ALLOWED_MOVES[s]],
    ids=lambda phase: phase.value,
)
def test_moves_outside_the_table_are_bugs(source, target):
    with pytest.raises(ValueError, match=f"cannot go from {source} to {target}"):
        move(Promotion.objects.all(), source=source, target=target)


def test_only_a_retry_leaves_an_end_and_everything_live_can_be_aborted():
    assert {phase: set(ALLOWED_MOVES[phase]) for phase in TERMINAL if ALLOWED_MOVES[phase]} == {
        Phase.FAILED: {Phase.PENDING},
        Phase.ERRORED: {Phase.PENDING},
    }
    assert all(Phase.ABORTED in ALLOWED_MOVES[phase] for phase in LIVE)


def test_a_second_running_promotion_of_a_stage_trips_the_named_constraint(stage):
    make_one(stage, Phase.RUNNING)
    second = make_one(stage)

    with pytest.raises(IntegrityError, match=r"promotion_one_running_per_stage|stage_id"), transaction.atomic():
        move(rows(second), source=Phase.PENDING, target=Phase.RUNNING, started_at=timezone.now())
