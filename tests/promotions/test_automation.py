"""Auto-promotion and holds, pass by pass."""

from datetime import timedelta

import pytest
from django.utils import timezone

from projects.actors import Actor
from projects.models import AuditEntry, Event, ProjectConfig
from promotions.errors import PromotionRefused
from promotions.holds import hold_auto_promotion, list_effective_holds, resume_auto_promotion
from promotions.models import AutoPromotionHold, HoldEffect, Promotion, Stage
from promotions.phases import Phase
from promotions.reconciler import take_up_freight
from promotions.requests import abort_promotion, candidate_of
from tests.factories import make_freight, make_project, make_stage, make_warehouse
from tests.promotions.driving import ask, drain, later, promote

pytestmark = pytest.mark.django_db(transaction=True)

OK = {"uses": "compose-output", "as": "ok", "config": {"value": 1}}
NO = {"uses": "fail", "as": "no", "config": {"message": "no"}}
BOB = Actor(label="email:bob@example.com", name="bob")


@pytest.fixture
def warehouse():
    project = make_project()
    policies = [
        {"stageSelector": {"name": "manual"}, "autoPromotionEnabled": False},
        {"stageSelector": {"name": "glob:*"}, "autoPromotionEnabled": True},
    ]
    ProjectConfig.objects.create(project=project, spec={"promotionPolicies": policies})
    return make_warehouse(project)


@pytest.fixture
def stage(warehouse):
    return make_stage(warehouse.project, warehouse=warehouse, steps=[OK])


def look_at_freight():
    take_up_freight(now=timezone.now())
    drain()


def held(stage):
    return list(stage.occupancies.filter(until__isnull=True).values_list("freight__alias", flat=True))


def test_new_freight_is_promoted_by_itself(stage, warehouse):
    freight = make_freight(warehouse)

    look_at_freight()

    promotion = Promotion.objects.get()
    assert (promotion.phase, promotion.actor_label, promotion.hold_effect) == (Phase.SUCCEEDED, "", HoldEffect.NONE)
    assert held(stage) == [freight.alias]
    created = Event.objects.get(kind="PromotionCreated")
    assert created.actor_label.startswith("controller:")
    assert created.message.startswith("Automatically promoted Freight")


def test_only_the_newest_is_taken(stage, warehouse):
    now = timezone.now()
    make_freight(warehouse, discovered_at=now - timedelta(hours=2), alias="older")
    make_freight(warehouse, discovered_at=now - timedelta(hours=1), alias="newer")

    look_at_freight()

    assert held(stage) == ["newer"]
    assert Promotion.objects.count() == 1


def test_a_stage_whose_first_policy_says_no_is_left_alone(warehouse):
    make_stage(warehouse.project, "manual", warehouse=warehouse, steps=[OK])
    make_freight(warehouse)

    look_at_freight()

    assert not Promotion.objects.exists()


def test_failed_freight_is_never_tried_again_by_itself(warehouse):
    stage = make_stage(warehouse.project, warehouse=warehouse, steps=[NO])
    make_freight(warehouse)
    look_at_freight()

    Stage.objects.filter(pk=stage.pk).update(due_at=timezone.now())
    drain()

    assert Promotion.objects.count() == 1


def test_freight_runs_down_a_whole_pipeline(stage, warehouse):
    second = make_stage(warehouse.project, "second", upstream=stage, steps=[OK])
    third = make_stage(warehouse.project, "third", upstream=second, steps=[OK])
    freight = make_freight(warehouse)

    look_at_freight()

    assert held(second) == held(third) == [freight.alias]


def test_soaking_freight_is_taken_when_its_time_has_come(stage, warehouse):
    second = make_stage(warehouse.project, "second", upstream=stage, steps=[OK], sources={"requiredSoakTime": "5m"})
    make_freight(warehouse)
    look_at_freight()
    second.refresh_from_db()
    assert held(second) == []
    assert second.due_at is not None
    assert timedelta(minutes=4) < second.due_at - timezone.now() <= timedelta(minutes=5)


def test_match_upstream_follows_the_stage_above_also_backwards(stage, warehouse):
    follower = make_stage(
        warehouse.project,
        "follower",
        upstream=stage,
        steps=[OK],
        sources={"autoPromotionOptions": {"selectionPolicy": "MatchUpstream"}},
    )
    now = timezone.now()
    old = make_freight(warehouse, alias="old", discovered_at=now - timedelta(hours=2))
    look_at_freight()
    make_freight(warehouse, alias="new")
    look_at_freight()
    assert held(follower) == ["new"]

    promote(stage, old, actor=BOB)

    assert held(stage) == held(follower) == ["old"]


def test_a_person_who_goes_back_is_not_undone(stage, warehouse):
    now = timezone.now()
    old = make_freight(warehouse, alias="old", discovered_at=now - timedelta(hours=2))
    make_freight(warehouse, alias="new", discovered_at=now - timedelta(hours=1))
    look_at_freight()

    promotion = promote(stage, old, actor=BOB)
    make_freight(warehouse, alias="newest")
    look_at_freight()

    assert promotion.hold_effect == HoldEffect.HOLD
    assert held(stage) == ["old"]
    hold = AutoPromotionHold.objects.get()
    assert (hold.origin, hold.freight_name, hold.actor_name) == ("Warehouse/main", old.name, "bob")


def test_promoting_the_candidate_resumes(stage, warehouse):
    now = timezone.now()
    old = make_freight(warehouse, alias="old", discovered_at=now - timedelta(hours=2))
    make_freight(warehouse, alias="new", discovered_at=now - timedelta(hours=1))
    look_at_freight()
    promote(stage, old, actor=BOB)

    promotion = promote(stage, candidate_of(stage, "Warehouse/main", now=timezone.now()), actor=BOB)
    make_freight(warehouse, alias="newest")
    look_at_freight()

    assert promotion.hold_effect == HoldEffect.RESUME
    assert not AutoPromotionHold.objects.exists()
    assert held(stage) == ["newest"]


def test_a_choice_counts_from_the_moment_it_was_asked_for(stage, warehouse):
    now = timezone.now()
    old = make_freight(warehouse, alias="old", discovered_at=now - timedelta(hours=2))
    make_freight(warehouse, alias="new", discovered_at=now - timedelta(hours=1))
    look_at_freight()

    ask(stage, old, actor=BOB)

    assert list_effective_holds(stage, now=now)["Warehouse/main"].actor_name == "bob"
    assert not AutoPromotionHold.objects.exists()


def test_an_aborted_choice_holds_nothing(stage, warehouse):
    now = timezone.now()
    old = make_freight(warehouse, alias="old", discovered_at=now - timedelta(hours=2))
    make_freight(warehouse, alias="new", discovered_at=now - timedelta(hours=1))
    look_at_freight()

    abort_promotion(BOB, ask(stage, old, actor=BOB), now=timezone.now())
    drain()

    assert list_effective_holds(stage, now=now) == {}
    assert held(stage) == ["new"]


def test_a_failed_choice_holds_as_kargo_does(warehouse):
    stage = make_stage(warehouse.project, warehouse=warehouse, steps=[NO])
    old = make_freight(warehouse, discovered_at=timezone.now() - timedelta(hours=2))
    make_freight(warehouse)

    promote(stage, old, actor=BOB)

    assert AutoPromotionHold.objects.get().freight_name == old.name


def test_holds_go_with_auto_promotion(stage, warehouse):
    AutoPromotionHold.objects.create(
        stage=stage, origin="Warehouse/main", actor_name="bob", created_at=timezone.now()
    )
    ProjectConfig.objects.update(spec={})

    Stage.objects.filter(pk=stage.pk).update(due_at=timezone.now())
    drain()

    assert not AutoPromotionHold.objects.exists()


def test_a_hold_by_hand_has_a_reason_and_may_end(stage, warehouse):
    until = timezone.now() + timedelta(minutes=5)
    hold_auto_promotion(BOB, stage, "Warehouse/main", reason="demo for a customer", until=until, now=timezone.now())
    make_freight(warehouse)
    look_at_freight()
    assert held(stage) == []
    stage.refresh_from_db()
    assert stage.due_at == until

    AutoPromotionHold.objects.update(until=timezone.now() - timedelta(seconds=1))
    drain(later())

    assert len(held(stage)) == 1
    assert AuditEntry.objects.get(action="held auto-promotion").reason == "demo for a customer"


def test_resuming_lets_the_newest_in(stage, warehouse):
    hold_auto_promotion(BOB, stage, "Warehouse/main", reason="", until=None, now=timezone.now())
    make_freight(warehouse, alias="kept-out")
    look_at_freight()

    resume_auto_promotion(BOB, stage, "Warehouse/main", now=timezone.now())
    drain()

    assert held(stage) == ["kept-out"]
    assert AuditEntry.objects.filter(action="resumed auto-promotion").count() == 1


@pytest.mark.parametrize(
    ("name", "origin", "until", "message"),
    [
        ("test", "Warehouse/other", None, "does not take freight"),
        ("manual", "Warehouse/main", None, "Auto-promotion is off"),
        ("test", "Warehouse/main", timedelta(minutes=-1), "must end in the future"),
    ],
)
def test_what_cannot_be_held_is_refused(warehouse, name, origin, until, message):
    stage = make_stage(warehouse.project, name, warehouse=warehouse, steps=[OK])
    now = timezone.now()

    with pytest.raises(PromotionRefused, match=message):
        hold_auto_promotion(BOB, stage, origin, reason="", until=until and now + until, now=now)
