"""What the checks of a promotion find, and what several of them make together."""

import json

import pytest

from promotions.engine import read_site
from promotions.health import Result, merge, run_check
from promotions.models import Health
from tests.servers.argocd import TOKEN, ArgoCDServer, make_operation, stamp


@pytest.fixture(scope="module")
def shared_server():
    server = ArgoCDServer()
    yield server
    server.close()


@pytest.fixture
def server(shared_server, settings):
    shared_server.reset()
    settings.ARGOCD_URL, settings.ARGOCD_TOKEN = shared_server.url, TOKEN
    return shared_server


@pytest.mark.parametrize(
    ("healths", "worst"),
    [
        ([], "Healthy"),
        (["Healthy", "Healthy"], "Healthy"),
        (["NotApplicable", "Healthy"], "NotApplicable"),
        (["Healthy", "Progressing", "NotApplicable"], "Progressing"),
        (["Unknown", "Progressing"], "Unknown"),
        (["Unknown", "Unhealthy", "Healthy"], "Unhealthy"),
    ],
)
def test_the_worst_decides(healths, worst):
    assert merge(Result(Health(health)) for health in healths).health == worst


def test_issues_of_all_are_kept_once():
    results = [Result(Health.UNKNOWN, ("a", "b")), Result(Health.UNHEALTHY, ("b", "c"))]

    assert merge(results) == Result(Health.UNHEALTHY, ("a", "b", "c"))


def check(*apps):
    return run_check({"uses": "argocd-update", "config": {"apps": list(apps)}}, site=read_site())


def expect(name, *revisions):
    return {"name": name, "namespace": "argocd", "desiredRevisions": list(revisions)}


def test_a_check_of_a_kind_nobody_knows_is_unknown():
    found = run_check({"uses": "telepathy", "config": {}}, site=read_site())

    assert found == Result(Health.UNKNOWN, ('There is no health check of kind "telepathy"',))


def test_without_a_connection_health_is_unknown():
    found = check(expect("a"))

    assert found.health == Health.UNKNOWN
    assert "KARGOWEB_ARGOCD_URL" in found.issues[0]


def test_all_applications_of_a_check_count(server):
    server.add(name="a")
    server.add(name="b", health={"status": "Progressing"})

    found = check(expect("a"), expect("b"), expect("gone"))

    assert found.health == Health.UNKNOWN
    assert [issue.partition(":")[0] for issue in found.issues] == [
        'Argo CD Application "b" in namespace "argocd" is progressing',
        'unable to find Argo CD Application "gone" in namespace "argocd"',
    ]


def test_desired_revisions_are_compared(server):
    server.add(name="a", operationState=make_operation(revision="abc"))

    assert check(expect("a", "abc")).health == Health.HEALTHY
    assert check(expect("a", "other")).health == Health.UNHEALTHY


def test_a_stale_application_is_refreshed_and_judged_by_that(server):
    server.add(name="a", operationState=make_operation(finished=stamp()), health={"status": "Degraded"})

    assert check(expect("a")).health == Health.UNHEALTHY
    assert server.seen[-1][2] == {"refresh": "hard", "appNamespace": "argocd"}


def test_a_stale_application_that_cannot_be_refreshed_is_unknown(server):
    app = server.add(name="a", operationState=make_operation(finished=stamp()))
    server.answers["GET", "/api/v1/applications/a"] = [(200, json.dumps(app)), (504, "")]

    found = check(expect("a"))

    assert found.health == Health.UNKNOWN
    assert "was not reconciled" in found.issues[0]


def test_a_server_in_trouble_makes_health_unknown_and_says_so(server):
    server.answers["GET", "/api/v1/applications/a"] = [(401, '{"message": "invalid session"}')]

    found = check(expect("a"))

    assert found.health == Health.UNKNOWN
    assert "does not accept the token" in found.issues[0]
