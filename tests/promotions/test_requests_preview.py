"""A promotion keeps the preview that people looked at, as long as it still holds."""

import pytest
from django.utils import timezone

from promotions.freshness import list_slots
from promotions.models import Preview, PreviewPhase, Stage
from tests.factories import make_freight, make_project, make_stage, make_warehouse
from tests.promotions.driving import ask

pytestmark = pytest.mark.django_db

OK = {"uses": "compose-output", "as": "ok", "config": {"value": 1}}


@pytest.fixture
def stage():
    warehouse = make_warehouse(make_project())
    return make_stage(warehouse.project, warehouse=warehouse, steps=[OK])


@pytest.fixture
def freight(stage):
    return make_freight(stage.project.warehouses.get())


@pytest.fixture
def preview(stage, freight):
    return Preview.objects.create(
        project=stage.project,
        stage=stage,
        stage_name=stage.name,
        stage_generation=stage.generation,
        freight=freight,
        freight_name=freight.name,
        freight_alias=freight.alias,
        phase=PreviewPhase.READY,
        slots=list_slots(stage, freight),
        created_at=timezone.now(),
        finished_at=timezone.now(),
    )


def test_the_newest_preview_that_holds_is_kept(stage, freight, preview):
    assert ask(stage, freight).preview == preview


def test_a_preview_of_an_older_template_is_not(stage, freight, preview):
    Stage.objects.update(generation=2)
    stage.refresh_from_db()

    assert ask(stage, freight).preview is None


def test_a_preview_of_other_freight_is_not(stage, preview):
    assert ask(stage, make_freight(stage.project.warehouses.get())).preview is None


def test_a_preview_whose_branch_moved_is_not(stage, freight, preview):
    Preview.objects.update(moved="Branch main moved since.")

    assert ask(stage, freight).preview is None
