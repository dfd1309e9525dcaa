"""The one list of gates."""

from datetime import timedelta

import pytest
from django.utils import timezone

from projects.access import Rights
from promotions.gates import (
    GateKind,
    GateState,
    ProjectFacts,
    evaluate_gates,
    first_closed,
    is_available,
    is_open,
    list_eligible,
)
from promotions.models import FreightVerification, Occupancy
from tests.factories import make_freight, make_member, make_project, make_stage, make_user, make_warehouse

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def shop():
    return make_project()


@pytest.fixture
def warehouse(shop):
    return make_warehouse(shop)


@pytest.fixture
def entry(shop, warehouse):
    return make_stage(shop, "test", warehouse=warehouse)


@pytest.fixture
def uat(shop, entry):
    return make_stage(shop, "uat", upstream=entry)


def verify(stage, freight):
    FreightVerification.objects.create(stage=stage, freight=freight, verified_at=NOW)


def evaluate(stage, freight, *, rights=None, now=NOW):
    return evaluate_gates(ProjectFacts.load(stage.project), stage, freight, rights=rights, now=now)


def test_open_gates_come_in_their_order(entry, warehouse):
    gates = evaluate(entry, make_freight(warehouse))

    assert [gate.kind for gate in gates] == [GateKind.ORIGIN, GateKind.AVAILABILITY, GateKind.PERMISSION]
    assert is_open(gates)
    assert first_closed(gates) is None


def test_a_closed_gate_says_why_and_who_can_help(uat, warehouse):
    make_member(uat.project, "alice", "owner")

    gates = evaluate(uat, make_freight(warehouse))

    closed = first_closed(gates)
    assert not is_open(gates)
    assert (closed.kind, closed.state) == (GateKind.AVAILABILITY, GateState.WAITING)
    assert closed.text == 'Not verified in "test" yet'
    assert closed.who_can_help == "An Owner can approve it past its upstream stages. Owners: alice."


def test_verification_upstream_opens_the_gate(uat, entry, warehouse):
    freight = make_freight(warehouse)
    verify(entry, freight)

    assert is_open(evaluate(uat, freight))


def test_soak_opens_the_gate_when_its_time_has_come(shop, entry, warehouse):
    prod = make_stage(shop, "prod", upstream=entry, sources={"requiredSoakTime": "1h"})
    freight = make_freight(warehouse)
    verify(entry, freight)
    Occupancy.objects.create(stage=entry, origin=freight.origin, freight=freight, since=NOW)

    early = first_closed(evaluate(prod, freight, now=NOW + timedelta(minutes=20)))

    assert (early.text, early.until) == ("Soak 40 m left in test", NOW + timedelta(hours=1))
    assert is_open(evaluate(prod, freight, now=early.until))


def test_freight_of_a_foreign_warehouse_fails_at_the_origin_alone(shop, entry):
    freight = make_freight(make_warehouse(shop, "charts"))

    gates = evaluate(entry, freight)

    assert [gate.kind for gate in gates] == [GateKind.ORIGIN, GateKind.PERMISSION]
    assert gates[0].state is GateState.FAILED
    assert gates[0].text == 'Stage "test" does not take freight of warehouse "charts"'


def test_freight_of_another_project_is_refused_even_with_the_same_warehouse_name(entry):
    freight = make_freight(make_warehouse(make_project("other"), "main"))

    gates = evaluate(entry, freight)

    assert gates[0].state is GateState.FAILED
    assert "another project" in gates[0].text
    assert not is_available(ProjectFacts.load(entry.project), entry, freight, NOW)


def test_a_control_flow_stage_takes_no_promotions_but_freight_may_pass(shop, entry, warehouse):
    hub = make_stage(shop, "hub", upstream=entry, steps=[])
    freight, unverified = make_freight(warehouse), make_freight(warehouse)
    verify(entry, freight)
    facts = ProjectFacts.load(shop)

    gates = evaluate(hub, freight)

    assert first_closed(gates).text == 'Stage "hub" takes no promotions: freight passes through by itself'
    assert is_available(facts, hub, freight, NOW)
    assert not is_available(facts, hub, unverified, NOW)
    assert list_eligible(facts, hub, [freight], rights=None, now=NOW) == []


def test_a_stage_behind_a_control_flow_stage_takes_what_passed_it(shop, entry, warehouse):
    hub = make_stage(shop, "hub", upstream=entry, steps=[])
    prod = make_stage(shop, "prod", upstream=hub)
    freight = make_freight(warehouse)
    verify(hub, freight)

    assert is_open(evaluate(prod, freight))


def test_each_origin_of_a_stage_has_its_own_sources(shop, warehouse, entry):
    charts = make_warehouse(shop, "charts")
    both = make_stage(
        shop,
        "both",
        spec={
            "requestedFreight": [
                {"origin": {"kind": "Warehouse", "name": "main"}, "sources": {"stages": ["test"]}},
                {"origin": {"kind": "Warehouse", "name": "charts"}, "sources": {"direct": True}},
            ]
        },
    )

    assert not is_open(evaluate(both, make_freight(warehouse)))
    assert is_open(evaluate(both, make_freight(charts)))


@pytest.mark.parametrize(
    ("role", "stages", "may"),
    [
        pytest.param("owner", [], True, id="owner"),
        pytest.param("promoter", [], True, id="promoter"),
        pytest.param("promoter", ["test"], True, id="promoter-of-this-stage"),
        pytest.param("promoter", ["prod"], False, id="promoter-of-another-stage"),
        pytest.param("viewer", [], False, id="viewer"),
    ],
)
def test_permission_is_a_gate(entry, warehouse, role, stages, may):
    member = make_member(entry.project, "bob", role, stages)
    rights = Rights(member.user, entry.project)

    gate = evaluate(entry, make_freight(warehouse), rights=rights)[-1]

    assert (gate.kind, gate.is_open) == (GateKind.PERMISSION, may)


def test_the_permission_gate_names_roles_and_owners(entry, warehouse):
    make_member(entry.project, "alice", "owner")
    rights = Rights(make_member(entry.project, "rita").user, entry.project)

    gate = first_closed(evaluate(entry, make_freight(warehouse), rights=rights))

    assert gate.text == (
        'You may not promote to "test": it needs the role Promoter or Maintainer or Owner for that stage'
    )
    assert gate.who_can_help == "An Owner can give you the role. Owners: alice."


def test_eligible_freight_keeps_its_order(uat, entry, warehouse):
    freight_list = [make_freight(warehouse) for _ in range(4)]
    for freight in (freight_list[3], freight_list[1]):
        verify(entry, freight)

    eligible = list_eligible(ProjectFacts.load(uat.project), uat, freight_list, rights=None, now=NOW)

    assert eligible == [freight_list[1], freight_list[3]]


def test_nothing_is_eligible_for_who_may_not_promote(entry, warehouse):
    freight = make_freight(warehouse)
    facts = ProjectFacts.load(entry.project)
    stranger = Rights(make_user("charlie"), entry.project)

    assert list_eligible(facts, entry, [freight], rights=None, now=NOW) == [freight]
    assert list_eligible(facts, entry, [freight], rights=stranger, now=NOW) == []


def test_judging_loaded_facts_asks_the_database_nothing(uat, warehouse, django_assert_num_queries):
    make_member(uat.project, "alice", "owner")
    rights = Rights(make_member(uat.project, "rita").user, uat.project)
    freight_list = [make_freight(warehouse) for _ in range(3)]
    facts = ProjectFacts.load(uat.project)

    with django_assert_num_queries(0):
        for freight in freight_list:
            evaluate_gates(facts, uat, freight, rights=rights, now=NOW)
