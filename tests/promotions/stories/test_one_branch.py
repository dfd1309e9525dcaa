"""Two stages write to one branch in the same moment, beside the sources that a warehouse watches."""

import threading

import pytest
from django.utils import timezone

from freight.discovery import check_warehouse
from freight.models import Freight
from freight.requests import request_refresh
from projects.actors import OPERATOR
from promotions.engine import read_site, run_pass
from promotions.phases import Phase
from tests.factories import make_project, make_stage, make_warehouse
from tests.promotions.driving import ask, in_thread, log_of, look
from tests.promotions.webserver import TellingServer

pytestmark = pytest.mark.django_db(transaction=True)


def steps_of(url, name, meet):
    return [
        {
            "uses": "git-clone",
            "config": {"repoURL": url, "checkout": [{"branch": "main", "path": "./src"}]},
        },
        meet,
        {
            "uses": "yaml-update",
            "config": {"path": f"./src/env/{name}.yaml", "updates": [{"key": "tag", "value": "new"}]},
        },
        {"uses": "git-commit", "config": {"path": "./src", "message": f"Promote to {name}"}},
        {"uses": "git-push", "as": "push", "config": {"path": "./src"}},
    ]


def refresh(warehouse):
    request_refresh(OPERATOR, warehouse, now=timezone.now())
    check_warehouse(warehouse.pk)
    warehouse.refresh_from_db()
    assert warehouse.phase == "Ready", warehouse.message
    return list(Freight.objects.order_by("id"))


def test_both_pushes_arrive_and_make_no_new_freight(git_server):
    names = ("east", "west")
    git_server.create("app", {"base/app.yaml": "a: 1\n", **{f"env/{name}.yaml": "tag: old\n" for name in names}})
    url = git_server.url("app")
    project = make_project()
    warehouse = make_warehouse(
        project, subscriptions=[{"git": {"repoURL": url, "branch": "main", "includePaths": ["base/"]}}]
    )
    (freight,) = refresh(warehouse)
    both_have_cloned = threading.Barrier(2, timeout=30)

    with TellingServer(lambda *_: both_have_cloned.wait() and None) as server:
        promotions = [
            ask(
                make_stage(project, name, warehouse=warehouse, steps=steps_of(url, name, server.step("meet"))),
                freight,
            )
            for name in names
        ]
        workers = [in_thread(run_pass, promotion.pk, site=read_site()) for promotion in promotions]
        for worker in workers:
            worker.join()

    runs = [look(promotion) for promotion in promotions]
    assert [run.phase for run in runs] == [Phase.SUCCEEDED] * 2, [log_of(run.promotion) for run in runs]
    assert [git_server.read("app", "main", f"env/{name}.yaml") for name in names] == ["tag: new\n"] * 2
    assert len(git_server.log("app")) == 3
    assert git_server.head("app") in [run.output("push")["commit"] for run in runs]

    assert refresh(warehouse) == [freight], "our own pushes lie outside the paths it watches"
    git_server.commit("app", {"base/app.yaml": "a: 2\n"}, "Release")
    assert len(refresh(warehouse)) == 2
