"""Who waits for a stage in which order, and what a newer promotion does to older ones."""

import pytest
from django.utils import timezone

from projects.actors import Actor
from projects.models import AuditEntry, Event
from promotions.engine import list_waiting
from promotions.errors import PromotionRefused
from promotions.models import Promotion
from promotions.phases import Phase
from promotions.queueing import move_in_queue
from tests.factories import make_freight, make_project, make_stage, make_warehouse
from tests.promotions.driving import ask, drain

pytestmark = pytest.mark.django_db(transaction=True)

OK = {"uses": "compose-output", "as": "ok", "config": {"value": 1}}
BOB = Actor(label="email:bob@example.com", name="bob")


@pytest.fixture
def warehouse():
    return make_warehouse(make_project())


@pytest.fixture
def stage(warehouse):
    return make_stage(warehouse.project, warehouse=warehouse, steps=[OK])


def ask_for(stage, warehouse, count):
    return [ask(stage, make_freight(warehouse)) for _ in range(count)]


def numbers(promotions):
    return [promotion.number for promotion in promotions]


def finished_order(stage):
    return numbers(stage.promotions.filter(phase=Phase.SUCCEEDED).order_by("finished_at", "recorded_at"))


def test_promotions_run_in_the_order_they_came(stage, warehouse):
    asked = ask_for(stage, warehouse, 3)

    drain()

    assert finished_order(stage) == numbers(asked)


@pytest.mark.parametrize(("place", "expected"), [(1, [4, 2, 3]), (2, [2, 4, 3]), (3, [2, 3, 4]), (99, [2, 3, 4])])
def test_a_waiting_promotion_can_be_given_another_place(stage, warehouse, place, expected):
    asked = ask_for(stage, warehouse, 4)

    move_in_queue(BOB, asked[3], place=place, now=timezone.now())

    assert [promotion.number for promotion in list_waiting(stage) if promotion.number > 1] == expected
    assert AuditEntry.objects.get(action="moved in the queue").actor_name == "bob"
    drain()
    assert finished_order(stage) == [1, *expected]


def test_whoever_comes_later_waits_behind_those_that_were_moved(stage, warehouse):
    asked = ask_for(stage, warehouse, 3)
    move_in_queue(BOB, asked[2], place=1, now=timezone.now())
    late = ask(stage, make_freight(warehouse))

    drain()

    assert finished_order(stage) == [1, 3, 2, late.number]


def test_what_runs_cannot_be_moved(stage, warehouse):
    running, _ = ask_for(stage, warehouse, 2)

    with pytest.raises(PromotionRefused, match="does not wait any more"):
        move_in_queue(BOB, running, place=2, now=timezone.now())


def test_by_default_nothing_is_superseded(stage, warehouse):
    ask_for(stage, warehouse, 3)

    assert Promotion.objects.filter(phase=Phase.ABORTED).count() == 0


@pytest.fixture
def newest_only(warehouse):
    return make_stage(
        warehouse.project, "only", warehouse=warehouse, steps=[OK], annotations={"kargoweb.dev/queue": "newest"}
    )


def test_only_the_newest_waits_and_what_runs_goes_on(newest_only, warehouse):
    running, older, old, newest = ask_for(newest_only, warehouse, 4)
    drain()

    phases = dict(Promotion.objects.values_list("number", "phase"))
    messages = dict(Promotion.objects.values_list("number", "message"))
    assert phases[running.number] == phases[newest.number] == Phase.SUCCEEDED
    assert phases[older.number] == phases[old.number] == Phase.ABORTED
    assert messages[older.number] == f"superseded by #{old.number}"
    assert messages[old.number] == f"superseded by #{newest.number}"
    assert Promotion.objects.filter(recorded_at__isnull=True).count() == 0
    aborted = Event.objects.filter(kind="PromotionAborted").values_list("message", flat=True)
    assert f"Promotion Aborted: superseded by #{newest.number}" in aborted


def test_freight_of_another_origin_is_not_superseded(warehouse):
    other = make_warehouse(warehouse.project, "other", [{"image": {"repoURL": "ghcr.io/example/other"}}])
    stage = make_stage(
        warehouse.project,
        "both",
        warehouse=[warehouse, other],
        steps=[OK],
        annotations={"kargoweb.dev/queue": "newest"},
    )
    ask(stage, make_freight(warehouse))
    first = ask(stage, make_freight(warehouse))
    second = ask(stage, make_freight(other))

    drain()

    assert set(Promotion.objects.filter(pk__in=[first.pk, second.pk]).values_list("phase", flat=True)) == {
        Phase.SUCCEEDED
    }
