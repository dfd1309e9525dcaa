"""The invariants of promotions, each held by a constraint of the database with a name of its own."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from promotions.models import (
    AnalysisTemplate,
    FreightApproval,
    FreightVerification,
    LogBatch,
    Occupancy,
    Promotion,
    PromotionTask,
    PushLock,
    Stage,
    StepRun,
    Verification,
)
from promotions.phases import Phase
from tests.factories import make_freight, make_project, make_promotion, make_stage, make_warehouse

pytestmark = pytest.mark.django_db

NOW = timezone.now()
MODELS = (
    AnalysisTemplate,
    FreightApproval,
    FreightVerification,
    LogBatch,
    Occupancy,
    Promotion,
    PromotionTask,
    Stage,
    StepRun,
    Verification,
)


class World:
    """A stage with one promotion of each kind of freight it may meet."""

    def __init__(self):
        self.project = make_project()
        self.warehouse = make_warehouse(self.project)
        self.stage = make_stage(self.project, warehouse=self.warehouse)
        self.freight = make_freight(self.warehouse)
        self.promotion = make_promotion(self.stage, self.freight)

    def promote(self, **fields):
        return make_promotion(self.stage, self.freight, **fields)

    def add_step(self, **fields):
        return StepRun.objects.create(
            **{"promotion": self.promotion, "index": 0, "alias": "a", "kind": "fail", **fields}
        )

    def add_batch(self, **fields):
        values = {
            "promotion": self.promotion,
            "step_index": 0,
            "first_line": 1,
            "last_line": 1,
            "lines": [],
            "at": NOW,
        }
        return LogBatch.objects.create(**{**values, **fields})

    def stay(self, **fields):
        values = {"stage": self.stage, "origin": "o", "freight": self.freight, "since": NOW}
        return Occupancy.objects.create(**{**values, **fields})

    def verify(self, phase, **fields):
        values = {"stage": self.stage, "promotion": self.promotion, "phase": phase, "started_at": NOW}
        return Verification.objects.create(**{**values, **fields})


CASES = {
    "promotion_number_once": lambda w: [w.promote(number=9, name=n) for n in ("a", "b")],
    "promotion_name_once": lambda w: [w.promote(name="same") for _ in range(2)],
    "promotion_one_running_per_stage": lambda w: [w.promote(phase=Phase.RUNNING) for _ in range(2)],
    "promotion_asked_once": lambda w: [w.promote(idempotency_key="k") for _ in range(2)],
    "promotion_phase_known": lambda w: w.promote(phase="Odd"),
    "promotion_finished_at_the_end": lambda w: w.promote(phase=Phase.SUCCEEDED, finished_at=None),
    "step_run_index_once": lambda w: [w.add_step(alias=alias) for alias in ("a", "b")],
    "step_run_alias_once": lambda w: [w.add_step(index=index) for index in (0, 1)],
    "step_run_status_known": lambda w: w.add_step(status="Odd"),
    "log_batch_starts_once": lambda w: [w.add_batch() for _ in range(2)],
    "log_batch_not_empty": lambda w: w.add_batch(last_line=0),
    "stage_name_once": lambda w: make_stage(w.project, w.stage.name, warehouse=w.warehouse),
    "stage_code_once": lambda w: make_stage(w.project, "other", warehouse=w.warehouse, code=w.stage.code),
    "slot_holds_one_freight": lambda w: [w.stay(freight=make_freight(w.warehouse)) for _ in range(2)],
    "occupancy_ends_after_it_starts": lambda w: w.stay(until=NOW - timedelta(seconds=1)),
    "freight_verified_once_in_stage": lambda w: [
        FreightVerification.objects.create(stage=w.stage, freight=w.freight, verified_at=NOW) for _ in range(2)
    ],
    "freight_approved_once_for_stage": lambda w: [
        FreightApproval.objects.create(stage=w.stage, freight=w.freight, approved_at=NOW) for _ in range(2)
    ],
    "verification_phase_known": lambda w: w.verify("Odd"),
    "verification_finished_at_the_end": lambda w: w.verify("Successful"),
    "task_name_once_in_project": lambda w: [
        PromotionTask.objects.create(project=w.project, name="t", spec={}) for _ in range(2)
    ],
    "task_name_once_shared": lambda w: [PromotionTask.objects.create(name="t", spec={}) for _ in range(2)],
    "analysis_name_once_in_project": lambda w: [
        AnalysisTemplate.objects.create(project=w.project, name="t", spec={}) for _ in range(2)
    ],
    "analysis_name_once_shared": lambda w: [AnalysisTemplate.objects.create(name="t", spec={}) for _ in range(2)],
}


# A phase nobody knows is neither live nor an end; PostgreSQL names the first constraint in the alphabet.
ALSO = {"promotion_phase_known": ["promotion_finished_at_the_end"]}


@pytest.mark.parametrize("name", list(CASES))
def test_the_database_refuses_what_breaks_it(name):
    world = World()

    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        CASES[name](world)

    assert any(mark in str(refusal.value) for mark in (name, *ALSO.get(name, ()), *columns_of(name)))


def columns_of(name):
    """SQLite names the columns of a unique index instead of the index."""
    if connection.vendor == "postgresql":
        return ()
    (constraint,) = [c for model in MODELS for c in model._meta.constraints if c.name == name]
    (model,) = [model for model in MODELS if constraint in model._meta.constraints]
    columns = [model._meta.get_field(field).column for field in getattr(constraint, "fields", ())]
    return [", ".join(f"{model._meta.db_table}.{column}" for column in columns)] if columns else []


def test_every_named_constraint_has_its_case():
    assert set(CASES) == {constraint.name for model in MODELS for constraint in model._meta.constraints}


def test_a_branch_has_one_push_lock():
    PushLock.objects.create(key="k")

    with pytest.raises(IntegrityError), transaction.atomic():
        PushLock.objects.create(key="k")


def test_what_looks_alike_but_is_allowed_passes():
    world = World()
    elsewhere = make_stage(world.project, "elsewhere", warehouse=world.warehouse)

    world.promote(phase=Phase.RUNNING)
    make_promotion(elsewhere, world.freight, phase=Phase.RUNNING)
    world.promote(phase=Phase.SUCCEEDED)
    world.stay()
    world.stay(origin="other")
    world.stay(until=NOW)
    PromotionTask.objects.create(project=world.project, name="t", spec={})
    PromotionTask.objects.create(name="t", spec={})

    assert Occupancy.objects.count() == 3
