"""The list of projects."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from projects.models import Project
from promotions.models import Occupancy, Stage, Verification
from promotions.phases import Phase
from promotions.queries.projects import list_projects
from tests.cast import Cast, browser_of
from tests.factories import (
    make_freight,
    make_member,
    make_project,
    make_promotion,
    make_stage,
    make_user,
    make_warehouse,
)

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)


def fill(project: Project, *, phase: Phase = Phase.SUCCEEDED) -> tuple[Stage, Stage]:
    """Two stages; the freight is in both, and the promotion into the second ended in `phase`."""
    warehouse = make_warehouse(project)
    freight = make_freight(warehouse, images=[{"tag": "v7.1"}], alias=f"otter-{project.name}")
    test = make_stage(project, "test", warehouse=warehouse, column=1)
    prod = make_stage(project, "prod", upstream=test, column=2)
    for stage, ended in ((test, Phase.SUCCEEDED), (prod, phase)):
        promotion = make_promotion(stage, freight, phase=ended)
        field = "current_promotion" if ended == Phase.RUNNING else "last_promotion"
        Stage.objects.filter(pk=stage.pk).update(**{field: promotion})
        Occupancy.objects.create(stage=stage, origin=freight.origin, freight=freight, promotion=promotion, since=NOW)
    return test, prod


def test_shows_marks_production_and_the_last_promotion(cast: Cast) -> None:
    test, prod = fill(cast.project)
    Verification.objects.create(
        stage=test, promotion=test.promotions.get(), phase="Successful", started_at=NOW, finished_at=NOW
    )

    (row,) = list_projects(cast.rita).rows

    assert [(mark.name, mark.phase) for mark in row.marks] == [("test", "Verified"), ("prod", "Succeeded")]
    assert row.production is not None
    assert (row.production.stage.name, row.production.freight) == ("prod", "otter-shop")
    assert row.production.versions == ("v7.1",)
    assert row.last == prod.promotions.get()
    page = browser_of(cast.rita).get("/").content.decode()
    assert "otter-shop → prod" in page
    assert "prod: Succeeded" in page


@pytest.mark.parametrize(
    ("phase", "word"),
    [
        (Phase.FAILED, "Failed"),
        (Phase.ERRORED, "Errored"),
        (Phase.ABORTED, "Aborted"),
        (Phase.RUNNING, "Running"),
        (Phase.PENDING, "Queued"),
    ],
)
def test_the_mark_says_how_the_newest_promotion_stands(cast: Cast, phase: Phase, word: str) -> None:
    fill(cast.project, phase=phase)

    (row,) = list_projects(cast.rita).rows

    assert row.marks[-1].phase == word


def test_a_failed_verification_and_bad_health_are_exceptions(cast: Cast) -> None:
    test, prod = fill(cast.project)
    Verification.objects.create(
        stage=test, promotion=test.promotions.get(), phase="Failed", started_at=NOW, finished_at=NOW
    )
    Stage.objects.filter(pk=prod.pk).update(health="Unhealthy")

    (row,) = list_projects(cast.rita).rows

    assert [mark.phase for mark in row.marks] == ["Failed", "Unhealthy"]
    assert row.attention == "failed"


def test_control_flow_stages_have_no_mark_and_hold_no_production(cast: Cast) -> None:
    test, _ = fill(cast.project)
    make_stage(cast.project, "fan-out", upstream=test, steps=[], column=3)

    (row,) = list_projects(cast.rita).rows

    assert [mark.name for mark in row.marks] == ["test", "prod"]
    assert row.production is not None


def test_exceptions_come_first_and_each_kind_is_a_filter(cast: Cast) -> None:
    for name, phase in (("a-calm", Phase.SUCCEEDED), ("b-runs", Phase.RUNNING), ("c-fails", Phase.FAILED)):
        project = make_project(name)
        make_member(project, cast.bob)
        fill(project, phase=phase)
    browser = browser_of(cast.bob)

    names = [row.name for row in browser.get("/").context["page"]]

    assert names == ["c-fails", "b-runs", "a-calm", "shop"]
    assert [row.name for row in browser.get("/?show=running").context["page"]] == ["b-runs"]
    assert [row.name for row in browser.get("/?q=CALM").context["page"]] == ["a-calm"]
    assert "No project matches this filter." in browser.get("/?q=zzz").content.decode()


def test_the_number_of_queries_does_not_grow(cast: Cast) -> None:
    fill(cast.project)
    with CaptureQueriesContext(
        connection,
    ) as first:
        list_projects(cast.bob)
    for number in range(5):
        project = make_project(f"more-{number}")
        make_member(project, cast.bob)
        fill(project)

    with CaptureQueriesContext(connection) as second:
        assert len(list_projects(cast.bob).rows) == 6

    assert len(second) == len(first) <= 8


def test_the_part_and_the_page_share_one_address(cast: Cast) -> None:
    browser = browser_of(cast.rita)

    part = browser.get("/?q=sh", headers={"HX-Request": "true"})

    assert part.content.decode().strip().startswith("<section")
    assert 'hx-get="/?q=sh"' in part.content.decode()
    assert part.content.decode().strip() in browser.get("/?q=sh").content.decode()
    assert "HX-Request" in part["Vary"]


def test_a_person_without_projects_reads_whom_to_ask(cast: Cast) -> None:
    browser = browser_of(cast.charlie)
    assert "You are in no project yet. Ask: alice." in browser.get("/").content.decode()

    make_user("root", is_superuser=True)

    page = browser.get("/").content.decode()
    assert "You are in no project yet. Ask: root." in page
    assert "shop" not in page


def test_an_administrator_sees_all_projects_and_may_add_one(cast: Cast) -> None:
    root = make_user("root", is_superuser=True)
    page = browser_of(root).get("/").content.decode()
    assert ">shop</a>" in page
    assert 'href="/manifests/"' in page

    Project.objects.all().delete()

    assert "Create the first project" in browser_of(root).get("/").content.decode()


def test_only_reading_is_possible(cast: Cast) -> None:
    assert browser_of(cast.alice).post("/").status_code == 405
