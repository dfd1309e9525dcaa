"""The client reads, changes and syncs applications, and says what is wrong when Argo CD does not."""

import json
from datetime import timedelta

import pytest

from integrations.argocd.client import Connection, OperationInProgress, SyncBlocked, open_argocd
from integrations.errors import IntegrationError, NotFound, RateLimited, Rejected, Unauthorized, Unreachable
from integrations.http import HttpClient, HttpPolicy
from tests.servers.argocd import ACCOUNT, TOKEN, make_operation

APP = "/api/v1/applications/shop-uat"


def test_reads_an_application(argocd, server):
    server.add(
        operationState=make_operation("Failed", promotion="uat.1", revision="abc", message="no such chart"),
        conditions=[{"type": "ComparisonError", "message": "boom"}],
    )

    app = argocd.get_application("shop-uat", "argocd")

    assert (app.name, app.namespace, app.health, app.sync) == ("shop-uat", "argocd", "Healthy", "Synced")
    assert app.operation.infos["kargo.akuity.io/promotion"] == "uat.1"
    assert (app.operation.phase, app.operation.revisions) == ("Failed", ("abc",))
    assert app.operation.has_failed
    assert app.operation.is_completed
    assert not app.is_operating
    assert [source.target_revision for source in app.sources] == ["env/uat"]
    assert app.list_error_conditions() == [f'{app} has "ComparisonError" condition: boom']
    assert server.seen[-1][2] == {"appNamespace": "argocd"}


def test_reads_an_application_that_nothing_happened_to_yet(argocd, server):
    app = server.add()
    app["status"] = {}
    del app["metadata"]["annotations"]

    read = argocd.get_application("shop-uat", "argocd")

    assert (read.health, read.sync, read.operation, read.reconciled_at) == ("", "", None, None)
    assert not read.is_stale


def test_lists_by_labels_in_one_namespace(argocd, server):
    server.add(name="b", labels={"tier": "web"})
    server.add(name="a", labels={"tier": "web"})
    server.add(name="c", labels={"tier": "db"})
    server.add(name="d", namespace="elsewhere", labels={"tier": "web"})

    assert [app.name for app in argocd.list_applications("tier=web", "argocd")] == ["a", "b"]
    assert argocd.list_applications("tier=none", "argocd") == []


def test_a_server_that_ignores_the_namespace_gives_no_foreign_applications(argocd, server):

    items = [server.add(name="d", namespace="elsewhere"), server.add(name="a")]
    server.answers["GET", "/api/v1/applications"] = [(200, json.dumps({"items": items}))]

    assert [app.name for app in argocd.list_applications("a=b", "argocd")] == ["a"]


def test_a_sync_carries_infos_and_the_policy_of_the_application(argocd, server):
    app = server.add()
    app["spec"]["syncPolicy"] = {"retry": {"limit": 3}, "syncOptions": ["CreateNamespace=true"]}

    argocd.sync(argocd.get_application("shop-uat", "argocd"), infos={"Reason": "why"})

    assert app["operation"]["info"] == [{"name": "Reason", "value": "why"}]
    assert server.bodies("POST")[-1] == {
        "name": "shop-uat",
        "appNamespace": "argocd",
        "infos": [{"name": "Reason", "value": "why"}],
        "retryStrategy": {"limit": 3},
        "syncOptions": {"items": ["CreateNamespace=true"]},
    }


def test_a_sync_on_top_of_another_is_said_so(argocd, server):
    server.add()
    app = argocd.get_application("shop-uat", "argocd")
    argocd.sync(app, infos={})

    with pytest.raises(OperationInProgress) as caught:
        argocd.sync(app, infos={})

    assert not caught.value.permanent


@pytest.mark.parametrize("count", [1, 2], ids=["source", "sources"])
def test_changes_sources_and_leaves_the_rest_of_the_spec(argocd, server, count):
    sources = [
        {"repoURL": f"https://git.example.com/{i}", "targetRevision": "main", "path": "x"} for i in range(count)
    ]
    app = server.add(sources=sources)
    destination = app["spec"]["destination"]

    read = argocd.get_application("shop-uat", "argocd")
    argocd.change_sources(read, [{**source.raw, "targetRevision": "v2"} for source in read.sources])

    changed = [{**source, "targetRevision": "v2"} for source in sources]
    assert app["spec"].get("sources", [app["spec"].get("source")]) == changed
    assert app["spec"]["destination"] == destination


def test_a_refresh_gives_the_application_as_it_stands_after_it(argocd, server):
    app = server.add(operationState=make_operation(), reconciledAt="2020-01-01T00:00:00Z")
    assert argocd.get_application("shop-uat", "argocd").is_stale

    assert not argocd.refresh_application("shop-uat", "argocd").is_stale
    assert server.seen[-1][2] == {"refresh": "hard", "appNamespace": "argocd"}
    assert app["status"]["reconciledAt"] != "2020-01-01T00:00:00Z"


def test_knows_whose_the_token_is(argocd):
    assert argocd.find_user() == ACCOUNT


def test_a_wrong_token_is_named_but_not_shown(connect):
    with pytest.raises(Unauthorized, match=r"does not accept the token.*generate-token") as caught:
        connect(token="secret-token").find_user()

    assert "secret-token" not in str(caught.value)


def test_a_token_that_logs_nobody_in_is_refused(argocd, server):
    server.answers["GET", "/api/v1/session/userinfo"] = [(200, '{"loggedIn": false}')]

    with pytest.raises(Unauthorized, match="does not know the token"):
        argocd.find_user()


def test_an_application_that_is_not_there_looks_like_one_that_is_hidden(argocd):
    with pytest.raises(NotFound, match="does not exist there, or the account of the token may not see it"):
        argocd.get_application("nope", "argocd")


def body(message, code=2):
    return f'{{"error": "{message}", "code": {code}, "message": "{message}"}}'


@pytest.mark.parametrize(
    ("status", "text", "kind", "permanent", "said"),
    [
        (401, body("no session information", 16), Unauthorized, True, "does not accept the token"),
        (403, body("permission denied", 7), Unauthorized, True, "applications get, update and sync"),
        (403, body("cannot sync: blocked by sync window", 7), SyncBlocked, False, "blocked by sync window"),
        (404, body("not found", 5), NotFound, True, "Check name and namespace"),
        (400, body("application is deleting", 9), Rejected, True, "application is deleting"),
        (400, body("another operation is already in progress", 9), OperationInProgress, False, "in progress"),
        (500, body("x: another operation is already in progress"), OperationInProgress, False, "in progress"),
        (409, body("conflict", 10), Unreachable, False, "tried again later"),
        (429, "", RateLimited, False, "tried again later"),
        (502, "<html>Bad Gateway</html>", Unreachable, False, "answered 502"),
        (200, "<html>Argo CD</html>", IntegrationError, True, "does not answer as Argo CD's server does"),
        (200, "[]", IntegrationError, True, "does not answer as Argo CD's server does"),
    ],
)
def test_says_what_is_wrong_and_whether_it_may_pass(argocd, server, status, text, kind, permanent, said):
    server.add()
    app = argocd.get_application("shop-uat", "argocd")
    server.answers["POST", f"{APP}/sync"] = [(status, text)]

    with pytest.raises(kind) as caught:
        argocd.sync(app, infos={})

    assert caught.value.permanent is permanent
    assert said in str(caught.value)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["{}", '{"metadata": {}}', '{"metadata": 1}', '{"metadata": {"name": "a", "namespace": "b"}, "spec": []}']
)
def test_an_answer_that_is_no_application_is_not_believed(argocd, server, text):
    server.answers["GET", APP] = [(200, text)]

    if "spec" in text:
        assert argocd.get_application("shop-uat", "argocd").sources == ()
        return
    with pytest.raises(IntegrationError, match="does not answer as Argo CD's server does"):
        argocd.get_application("shop-uat", "argocd")


def test_reading_is_tried_again_but_a_sync_is_sent_once(argocd, server):

    app = server.add()
    server.answers["GET", APP] = [(503, ""), (200, json.dumps(app))]
    read = argocd.get_application("shop-uat", "argocd")
    server.answers["POST", f"{APP}/sync"] = [(503, "")]

    with pytest.raises(Unreachable):
        argocd.sync(read, infos={})

    assert server.calls() == [("GET", APP), ("GET", APP), ("POST", f"{APP}/sync")]


def test_a_server_that_does_not_answer_in_time_may_be_asked_again(connect, server):
    server.add()
    server.delay_seconds = 20
    policy = HttpPolicy(allow_loopback=True, attempts=1, timeout=timedelta(milliseconds=100))

    with HttpClient(policy, "test") as hasty, pytest.raises(Unreachable):
        connect(hasty).get_application("shop-uat", "argocd")


def test_the_host_an_operator_named_may_be_on_this_machine(server):
    server.add()

    with open_argocd(Connection(server.url, TOKEN), HttpPolicy(), "test") as argocd:
        assert argocd.get_application("shop-uat", "argocd").name == "shop-uat"


def test_a_connection_does_not_show_its_token():
    assert TOKEN not in repr(Connection("https://argocd.example.com", TOKEN))
