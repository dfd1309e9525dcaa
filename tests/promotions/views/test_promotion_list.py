import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from projects.models import Project
from promotions.phases import Phase
from tests.factories import (
    make_freight,
    make_member,
    make_project,
    make_promotion,
    make_stage,
    make_user,
    make_warehouse,
)

pytestmark = pytest.mark.django_db
PATH = "/p/shop/promotions/"


@pytest.fixture
def project() -> Project:
    project = make_project("shop")
    make_member(project, "rita", "viewer")
    return project


@pytest.fixture
def stage(project: Project) -> Any:
    return make_stage(project, "prod", warehouse=make_warehouse(project), steps=[{"uses": "fail", "as": "step-1"}])


def get(project: Project, query: str = "", **headers: str) -> str:
    client = Client()
    client.force_login(project.members.get(user__username="rita").user)
    response = client.get(PATH + query, headers=headers)
    assert response.status_code == 200
    return str(response.content.decode())


def numbers(html: str) -> list[int]:
    return [int(number) for number in re.findall(r">#(\d+)</a>", html)]


def test_running_and_queued_come_first_then_the_newest(project: Project, stage: Any) -> None:
    freight = make_freight(project.warehouses.get())
    for phase in (Phase.RUNNING, Phase.SUCCEEDED, Phase.PENDING, Phase.FAILED, Phase.PENDING):
        make_promotion(stage, freight, phase=phase)

    assert numbers(get(project)) == [1, 3, 5, 4, 2]


def test_filters_stand_in_the_address(project: Project, stage: Any) -> None:
    other = make_stage(project, "dev", upstream=stage, steps=[{"uses": "fail", "as": "step-1"}])
    freight = make_freight(project.warehouses.get())
    make_promotion(stage, freight, phase=Phase.SUCCEEDED, actor_name="Kim Ito")
    make_promotion(other, freight, phase=Phase.FAILED, actor_name="Li Wei")
    make_promotion(other, freight, phase=Phase.PENDING, actor_name="Kim Ito")

    assert numbers(get(project, "?status=Failed")) == [2]
    assert numbers(get(project, "?stage=dev")) == [3, 2]
    assert numbers(get(project, "?person=kim")) == [3, 1]
    assert numbers(get(project, "?status=live&stage=prod")) == []
    assert "No promotion matches these filters." in get(project, "?status=Aborted")


def test_pages_go_on_where_the_last_one_ended(project: Project, stage: Any) -> None:
    freight = make_freight(project.warehouses.get())
    for _ in range(60):
        make_promotion(stage, freight, phase=Phase.SUCCEEDED)

    first = get(project)
    older = get(project, "?before=11")

    assert numbers(first) == list(range(60, 10, -1))
    assert "before=11" in first
    assert numbers(older) == list(range(10, 0, -1))
    assert "before=" not in older.split('<nav class="pager"')[1]


def test_an_empty_project_says_what_to_do(project: Project) -> None:
    assert "Nothing was promoted here yet." in get(project)


def test_the_table_alone_is_sent_to_htmx(project: Project, stage: Any) -> None:
    html = get(project, **{"HX-Request": "true"})

    assert "<html" not in html
    assert 'id="promotion-table"' in html


def test_more_promotions_cost_no_more_queries(project: Project, stage: Any) -> None:
    client = Client()
    client.force_login(project.members.get(user__username="rita").user)

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(PATH)
        return len(queries)

    make_promotion(stage, make_freight(project.warehouses.get()), phase=Phase.SUCCEEDED)
    few = count()
    for _ in range(20):
        make_promotion(stage, make_freight(project.warehouses.get()), phase=Phase.SUCCEEDED)

    assert count() == few
    assert few < 15


def test_strangers_find_nothing_and_nobody_posts(project: Project) -> None:
    client = Client()

    assert client.get(PATH).status_code == 302
    client.force_login(make_user("charlie"))
    assert client.get(PATH).status_code == 404
    assert client.post(PATH).status_code == 405
