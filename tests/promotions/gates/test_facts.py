"""What the gates read of a project."""

from datetime import timedelta

import pytest
from django.utils import timezone

from promotions.gates import ProjectFacts
from promotions.models import FreightApproval, FreightVerification, Occupancy
from tests.factories import make_freight, make_member, make_project, make_stage, make_warehouse

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def shop():
    return make_project()


@pytest.fixture
def warehouse(shop):
    return make_warehouse(shop)


@pytest.fixture
def entry(shop, warehouse):
    return make_stage(shop, "test", warehouse=warehouse)


def verify(stage, freight, soak=None):
    FreightVerification.objects.create(stage=stage, freight=freight, verified_at=timezone.now(), longest_soak=soak)


def occupy(stage, freight, since, until=None):
    Occupancy.objects.create(stage=stage, origin=freight.origin, freight=freight, since=since, until=until)


def approve(stage, freight):
    FreightApproval.objects.create(stage=stage, freight=freight, approved_at=timezone.now(), approved_by="alice")


def test_marks_hold_verification_presence_and_approval(shop, warehouse, entry):
    now = timezone.now()
    freight, plain = make_freight(warehouse), make_freight(warehouse)
    prod = make_stage(shop, "prod", upstream=entry)
    verify(entry, freight, soak=HOUR)
    occupy(entry, freight, since=now - HOUR)
    approve(prod, freight)

    facts = ProjectFacts.load(shop)

    marks = facts.marks_of(freight)
    assert marks.verified == {"test": HOUR}
    assert marks.present == {"test": now - HOUR}
    assert marks.approved == {"prod"}
    assert facts.marks_of(plain).verified == {}


def test_a_finished_stay_is_no_presence(shop, warehouse, entry):
    now = timezone.now()
    freight = make_freight(warehouse)
    occupy(entry, freight, since=now - HOUR, until=now)

    assert ProjectFacts.load(shop).marks_of(freight).present == {}


def test_stages_say_whether_they_are_control_flow(shop, warehouse, entry):
    make_stage(shop, "hub", upstream=entry, steps=[])

    assert ProjectFacts.load(shop).stages == {"test": False, "hub": True}


def test_owners_are_named_in_order(shop):
    for name, role in [("olga", "owner"), ("bob", "promoter"), ("alice", "owner")]:
        make_member(shop, name, role)

    assert ProjectFacts.load(shop).owners == ("alice", "olga")


def test_other_projects_leave_no_marks(shop, warehouse, entry):
    other = make_project("other")
    foreign = make_freight(make_warehouse(other))
    verify(make_stage(other, "test"), foreign)

    facts = ProjectFacts.load(shop)

    assert (facts.stages, facts.marks) == ({"test": False}, {})


def test_freight_that_was_not_loaded_is_an_error_not_a_no(shop, warehouse, entry):
    asked, other = make_freight(warehouse), make_freight(warehouse)
    verify(entry, asked)
    verify(entry, other)

    facts = ProjectFacts.load(shop, freight_ids=[asked.pk])

    assert facts.marks_of(asked).verified == {"test": timedelta()}
    with pytest.raises(LookupError, match=str(other.pk)):
        facts.marks_of(other)


def test_more_ids_than_a_query_takes_are_no_problem(shop, warehouse, entry):
    freight = make_freight(warehouse)
    verify(entry, freight)

    facts = ProjectFacts.load(shop, freight_ids=range(freight.pk, freight.pk + 100_000))

    assert facts.marks_of(freight).verified == {"test": timedelta()}


@pytest.mark.parametrize("size", [1, 8])
def test_five_queries_at_any_size(shop, warehouse, size, django_assert_num_queries):
    make_member(shop, "alice", "owner")
    for number in range(size):
        stage = make_stage(shop, f"stage-{number}", warehouse=warehouse)
        freight = make_freight(warehouse)
        verify(stage, freight)
        occupy(stage, freight, since=timezone.now())
        approve(stage, freight)

    with django_assert_num_queries(5):
        ProjectFacts.load(shop)
