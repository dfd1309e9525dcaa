"""Search over freight."""

import pytest
from django.utils import timezone

from freight.models import Freight
from projects.models import Project
from promotions.models import FreightApproval, FreightVerification, Occupancy
from promotions.queries.freight_list import read_freight_table
from promotions.queries.freight_search import search_freight
from tests.factories import make_freight, make_project, make_stage, make_warehouse

pytestmark = pytest.mark.django_db

SHA, DIGEST = "3f2a1c4" + "0" * 33, "sha256:" + "beef123" + "0" * 57
NOW = timezone.now()


@pytest.fixture
def project() -> Project:
    project = make_project()
    warehouse = make_warehouse(project)
    make_freight(
        warehouse,
        alias="amber-otter",
        commits=[{"commit_id": SHA, "message": "Fix the 100% load", "author": "Kim Ito <kim@example.com>"}],
        images=[{"tag": "v1.4.0", "digest": DIGEST}],
    )
    make_freight(
        warehouse,
        alias="calm-heron",
        commits=[{"commit_id": "a" * 40, "message": "Write docs about 3f2a1c4", "author": "Ann"}],
        images=[{"tag": "v1.5.0-rc.1", "digest": "sha256:" + "c" * 64}],
        charts=[{"chart_name": "redis", "version": "19.1.0"}],
    )
    make_freight(
        make_warehouse(project, "edge"), alias="neat-kite", images=[{"tag": "facade1", "digest": DIGEST[:-1] + "1"}]
    )
    return project


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "amber-otter calm-heron neat-kite"),
        ("otter", "amber-otter"),
        ("3f2a1c4", "amber-otter"),
        ("3F2A1C4", "amber-otter"),
        (SHA, "amber-otter"),
        ("beef123", "amber-otter neat-kite"),
        (DIGEST, "amber-otter"),
        ("v1.4", "amber-otter"),
        ("facade1", "neat-kite"),
        ("docs ann", "calm-heron"),
        ("docs kim", ""),
        ("edge", "neat-kite"),
        ("19.1", "calm-heron"),
        ("100%", "amber-otter"),
        ("tag:1.5", "calm-heron"),
        ("tag:19.1", "calm-heron"),
        ("sha:3f2a", "amber-otter"),
        ("commit:aaaa author:ann", "calm-heron"),
        ("digest:beef", "amber-otter neat-kite"),
        ("digest:sha256:beef", "amber-otter neat-kite"),
        ("message:3f2a1c4", "calm-heron"),
        ("alias:kite", "neat-kite"),
        ("warehouse:main", "amber-otter calm-heron"),
        ("repo:charts", "calm-heron"),
        ("stage:prod", "calm-heron"),
        ("stage:nowhere", ""),
        ("https://git.example.com", "amber-otter calm-heron"),
        ("_", "nothing"),
        ("'; DROP TABLE", ""),
        ("otter\0", ""),
    ],
)
def test_every_word_has_to_fit(project: Project, text: str, found: str) -> None:
    stage = make_stage(project, "prod")
    heron = Freight.objects.get(alias="calm-heron")
    Occupancy.objects.create(stage=stage, origin=heron.origin, freight=heron, since=NOW)

    rows = search_freight(Freight.objects.filter(project=project), text)

    assert sorted(rows.values_list("alias", flat=True)) == [name for name in found.split() if name != "nothing"]


def test_the_full_name_of_freight_finds_it_and_so_does_its_beginning(project: Project) -> None:
    heron = Freight.objects.get(alias="calm-heron")

    for text in (heron.name, heron.name[:9], f"id:{heron.name[:4]}"):
        assert heron in search_freight(Freight.objects.filter(project=project), text)


def test_a_search_stays_in_its_project(project: Project) -> None:
    make_freight(make_warehouse(make_project("other")), alias="strange", images=[{"tag": "v1", "digest": DIGEST}])

    assert not search_freight(Freight.objects.filter(project=project), "beef123").filter(alias="strange").exists()


def test_lines_tell_where_freight_was_verified_and_approved(project: Project) -> None:
    test, prod = make_stage(project, "test"), make_stage(project, "prod")
    otter = Freight.objects.get(alias="amber-otter")
    for stage in (test, prod):
        FreightVerification.objects.create(stage=stage, freight=otter, verified_at=NOW)
    FreightApproval.objects.create(stage=prod, freight=otter, approved_at=NOW, approved_by="alice")

    rows = {row.alias: row.marks for row in read_freight_table(project, text="", before="").rows}

    assert {word: set(stages.split(", ")) for word, stages in rows["amber-otter"]} == {
        "Verified": {"test", "prod"},
        "Approved": {"prod"},
    }
    assert rows["neat-kite"] == ()
