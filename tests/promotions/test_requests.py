"""Asking for promotions and aborts, approving freight, deleting stages: what is stored, what is refused."""

import logging
import threading

import pytest
from celery import Celery, current_app
from django.db import connection
from django.utils import timezone

from projects.access import Rights
from projects.models import AuditEntry
from promotions.errors import PromotionRefused
from promotions.gates import GateKind
from promotions.models import FreightApproval, Promotion, PromotionTask, Stage
from promotions.planning.plan import PlanError
from promotions.requests import abort_promotion, approve_freight, delete_stage, promotion_name, request_promotion
from tests.factories import (
    actor_for,
    make_freight,
    make_member,
    make_project,
    make_promotion,
    make_stage,
    make_user,
    make_warehouse,
)
from tests.promotions.driving import ask, drain, in_thread

pytestmark = pytest.mark.django_db

OK = {"uses": "compose-output", "as": "ok", "config": {"value": 1}}


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def warehouse(project):
    return make_warehouse(project)


@pytest.fixture
def stage(project, warehouse):
    return make_stage(project, "uat", warehouse=warehouse, steps=[OK])


def ask_as(user, stage, freight, **options):
    return request_promotion(
        actor_for(user), stage, freight, rights=Rights(user, stage.project), now=timezone.now(), **options
    )


def test_stores_who_asked_for_what_and_when(stage, warehouse):
    bob, freight, now = make_user("bob"), make_freight(warehouse), timezone.now()
    make_member(stage.project, bob, "promoter")

    promotion = request_promotion(
        actor_for(bob), stage, freight, rights=Rights(bob, stage.project), now=now, note="hurry"
    )

    assert (promotion.number, promotion.phase, promotion.created_at, promotion.note) == (1, "Pending", now, "hurry")
    assert (promotion.actor, promotion.actor_label, promotion.actor_name) == (bob, "email:bob@example.com", "bob")
    assert (promotion.freight_name, promotion.freight_alias, promotion.origin) == (
        freight.name,
        freight.alias,
        "Warehouse/main",
    )
    assert promotion.name.startswith("uat.")
    assert promotion.name.endswith("." + freight.name[:7])
    entry = AuditEntry.objects.get(action="promoted")
    assert (entry.actor_name, entry.target_name, entry.reason) == ("bob", "uat", "hurry")
    assert entry.facts == {"freight": freight.alias, "promotion": 1}


def test_numbers_count_per_project_and_names_sort_by_time(stage, warehouse):
    freight = make_freight(warehouse)
    promotions = [ask(stage, freight) for _ in range(3)]
    other = make_project("other")
    elsewhere = make_warehouse(other)

    assert [p.number for p in promotions] == [1, 2, 3]
    assert ask(make_stage(other, warehouse=elsewhere, steps=[OK]), make_freight(elsewhere)).number == 1
    assert promotions[0].actor_label == "", "automation is no create-actor"


def test_a_name_fits_the_column_whatever_the_stage_is_called():
    name = promotion_name("x" * 217 + ".-" + "y" * 30, "0123456789")

    assert len(name) <= 253
    stage_part, ulid, freight_part = name.split(".")
    assert (stage_part, len(ulid), freight_part) == ("x" * 217, 26, "0123456")
    assert name == name.lower()


def test_steps_and_variables_are_frozen_when_it_is_asked_for(project, warehouse):
    task = PromotionTask.objects.create(project=project, name="t", spec={"steps": [OK]})
    template = {"vars": [{"name": "b", "value": "2"}], "steps": [{"task": {"name": "t"}, "as": "x"}]}
    stage = make_stage(
        project,
        warehouse=warehouse,
        variables=[{"name": "a", "value": "1"}],
        spec={"promotionTemplate": {"spec": template}},
        generation=7,
    )

    promotion = ask(stage, make_freight(warehouse))
    task.spec = {"steps": [{"uses": "fail"}]}
    task.save()
    Stage.objects.update(spec={**stage.spec, "promotionTemplate": {"spec": {"steps": []}}})

    promotion.refresh_from_db()
    assert promotion.vars == [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}]
    assert [(step["as"], step["uses"]) for step in promotion.steps] == [("x::ok", "compose-output")]
    assert list(promotion.step_runs.values_list("index", "alias", "kind")) == [(0, "x::ok", "compose-output")]
    assert promotion.stage_generation == 7


def test_a_second_click_finds_the_first_promotion(stage, warehouse):
    first = ask(stage, make_freight(warehouse), idempotency_key="form-1")

    assert ask(stage, make_freight(warehouse), idempotency_key="form-1") == first
    assert ask(stage, make_freight(warehouse), idempotency_key="form-2") != first
    assert AuditEntry.objects.filter(action="promoted").count() == 2


def test_freight_of_another_warehouse_is_refused(stage):
    freight = make_freight(make_warehouse(stage.project, "other"))

    with pytest.raises(PromotionRefused) as refusal:
        ask(stage, freight)

    assert str(refusal.value) == (
        f'Stage "uat" cannot take Freight "{freight.alias}": Stage "uat" does not take freight of warehouse "other"'
    )
    assert [gate.kind for gate in refusal.value.gates] == [GateKind.ORIGIN, GateKind.PERMISSION]
    assert not Promotion.objects.exists()


def test_freight_that_is_not_verified_upstream_is_refused(stage, warehouse):
    prod = make_stage(stage.project, "prod", upstream=stage, steps=[OK])
    freight = make_freight(warehouse)

    with pytest.raises(PromotionRefused, match=r'Stage "prod" cannot take .*: Not verified in "uat" yet'):
        ask(prod, freight)


def test_a_member_without_the_right_is_refused(stage, warehouse):
    rita = make_user("rita")
    make_member(stage.project, rita, "viewer")

    with pytest.raises(PromotionRefused, match='You may not promote to "uat": it needs the role Promoter'):
        ask_as(rita, stage, make_freight(warehouse))


def test_a_promoter_of_other_stages_is_refused(stage, warehouse):
    bob = make_user("bob")
    make_member(stage.project, bob, "promoter", stages=["dev"])

    with pytest.raises(PromotionRefused, match="You may not promote"):
        ask_as(bob, stage, make_freight(warehouse))


def test_a_control_flow_stage_takes_no_promotions(project, warehouse):
    stage = make_stage(project, "gate", warehouse=warehouse, steps=[])

    with pytest.raises(PromotionRefused, match='"gate" takes no promotions: freight passes through by itself'):
        ask(stage, make_freight(warehouse))


def test_a_task_that_does_not_exist_is_named(project, warehouse):
    stage = make_stage(project, warehouse=warehouse, steps=[{"task": {"name": "gone"}}])

    with pytest.raises(PlanError, match='PromotionTask "gone" of step "task-1" does not exist'):
        ask(stage, make_freight(warehouse))

    assert not Promotion.objects.exists()


def test_a_stage_deleted_meanwhile_takes_no_promotion(stage, warehouse):
    freight = make_freight(warehouse)
    Stage.objects.filter(pk=stage.pk).delete()

    with pytest.raises(PromotionRefused, match='Stage "uat" was deleted meanwhile'):
        ask(stage, freight)


def test_an_abort_is_asked_for_once_and_audited(stage, warehouse):
    alice, bob = make_user("alice"), make_user("bob")
    promotion, now = ask(stage, make_freight(warehouse)), timezone.now()

    abort_promotion(actor_for(alice), promotion, now=now)
    abort_promotion(actor_for(bob), promotion, now=timezone.now())

    promotion.refresh_from_db()
    assert (promotion.abort_requested_at, promotion.abort_requested_by, promotion.due_at) == (now, "alice", now)
    assert AuditEntry.objects.get(action="aborted").target_name == "#1"


def test_an_ended_promotion_ignores_an_abort(stage, warehouse):
    promotion = make_promotion(stage, make_freight(warehouse), phase="Succeeded")

    abort_promotion(actor_for(make_user("alice")), promotion, now=timezone.now())

    promotion.refresh_from_db()
    assert (promotion.phase, promotion.abort_requested_at) == ("Succeeded", None)
    assert not AuditEntry.objects.exists()


def test_approving_needs_a_reason_and_a_stage_that_takes_the_freight(stage, warehouse):
    alice, freight = actor_for(make_user("alice")), make_freight(warehouse)

    with pytest.raises(PromotionRefused, match="Say why"):
        approve_freight(alice, stage, freight, reason="  ", now=timezone.now())
    other = make_freight(make_warehouse(stage.project, "other"))
    with pytest.raises(PromotionRefused, match='"uat" does not take freight of warehouse "other"'):
        approve_freight(alice, stage, other, reason="hot fix", now=timezone.now())

    assert not FreightApproval.objects.exists()


def test_approved_freight_skips_its_upstream_stages(stage, warehouse):
    prod = make_stage(stage.project, "prod", upstream=stage, steps=[OK])
    alice, freight = actor_for(make_user("alice")), make_freight(warehouse)

    approve_freight(alice, prod, freight, reason="hot fix", now=timezone.now())
    approve_freight(alice, prod, freight, reason="again", now=timezone.now())

    assert FreightApproval.objects.get().reason == "hot fix"
    assert AuditEntry.objects.get(action="approved").facts == {"stage": "prod"}
    assert ask(prod, freight).phase == "Pending"


def test_a_deleted_stage_leaves_its_promotions_on_record(stage, warehouse):
    ended = make_promotion(stage, make_freight(warehouse), phase="Succeeded")
    waiting = ask(stage, make_freight(warehouse))
    now = timezone.now()

    delete_stage(actor_for(make_user("alice")), stage, now=now)

    ended.refresh_from_db()
    waiting.refresh_from_db()
    assert [(p.stage, p.stage_name) for p in (ended, waiting)] == [(None, "uat")] * 2
    assert (ended.due_at, waiting.due_at) == (None, now)
    assert AuditEntry.objects.get(action="deleted").target_name == "uat"


@pytest.mark.django_db(transaction=True)
def test_two_people_promoting_the_same_stage_in_the_same_moment_both_get_their_turn(stage, warehouse):
    people = []
    for name in ("alice", "bob"):
        person = make_user(name)
        make_member(stage.project, person, "promoter")
        people.append((person, Stage.objects.get(pk=stage.pk), make_freight(warehouse)))
    together = threading.Barrier(2)

    def click(person, stage, freight):
        connection.ensure_connection()
        together.wait()
        ask_as(person, stage, freight)

    threads = [in_thread(click, *given) for given in people]
    for thread in threads:
        thread.join()
    drain()

    assert sorted(Promotion.objects.values_list("number", "phase")) == [(1, "Succeeded"), (2, "Succeeded")]
    first, second = Promotion.objects.order_by("number")
    assert first.finished_at <= second.started_at


@pytest.mark.django_db(transaction=True)
def test_two_clicks_with_one_key_in_the_same_moment_make_one_promotion(stage, warehouse):
    freight, together, made = make_freight(warehouse), threading.Barrier(2), []

    def click():
        connection.ensure_connection()
        together.wait()
        made.append(ask(Stage.objects.get(pk=stage.pk), freight, idempotency_key="one-form"))

    threads = [in_thread(click) for _ in range(2)]
    for thread in threads:
        thread.join()

    assert Promotion.objects.count() == 1
    assert [promotion.number for promotion in made] == [1, 1]


@pytest.mark.django_db(transaction=True)
def test_without_a_broker_the_promotion_is_stored_and_the_next_tick_finds_it(stage, warehouse, caplog):
    usual = current_app._get_current_object()
    lonely = Celery("lonely", broker="redis://127.0.0.1:1/0", set_as_current=False)
    lonely.conf.broker_transport_options = {"max_retries": 0}
    lonely.set_current()
    try:
        with caplog.at_level(logging.WARNING):
            promotion = ask(stage, make_freight(warehouse))
    finally:
        usual.set_current()

    assert "Broker away; the next tick finds due rows" in caplog.text
    promotion.refresh_from_db()
    assert (promotion.phase, promotion.due_at is not None) == ("Pending", True)
    drain()
    promotion.refresh_from_db()
    assert promotion.phase == "Succeeded"
