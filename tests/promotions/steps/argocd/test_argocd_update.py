"""argocd-update: who is asked to sync what, when it waits, when it is done, and what it makes of the sources."""

import json

import pytest

from promotions.steps import argocd_update
from promotions.steps.argocd_update import Config
from promotions.steps.base import Done, HealthCheck, StepErrored, StepFailed, Waiting
from tests.servers.argocd import REPOSITORY, make_app, make_operation

PROMOTION = "uat.01jab.fine"
ANY = {"name": "shop-uat"}
AT_ABC = {"name": "shop-uat", "sources": [{"repoURL": REPOSITORY, "desiredRevision": "abc"}]}
SYNC = ("POST", "/api/v1/applications/shop-uat/sync")
APPS = {"apps": [{"name": "shop-uat", "namespace": "argocd"}]}
CHART = {"repoURL": "https://charts.example.com", "chart": "shop", "targetRevision": "1.0.0"}


def operation(phase, who="ours", **fields):
    return make_operation(
        phase, promotion={"ours": PROMOTION, "theirs": "uat.00old.free", "nobody": None}[who], **fields
    )


@pytest.mark.parametrize(
    "state",
    [
        None,
        operation("Succeeded", "nobody"),
        operation("Failed", "nobody"),
        operation("Error", "theirs"),
        operation("Succeeded", "theirs"),
        operation("Succeeded", revision=None),
        operation("Failed", revision=None),
        operation("Succeeded", revision="other"),
        operation("Failed", revision="other"),
        operation("Succeeded", revisions=["other"]),
    ],
    ids=lambda state: f"{state['phase']}-{state.get('syncResult')}" if state else "none",
)
def test_syncs_when_the_last_operation_does_not_do(run, server, state):
    app = server.add(**({"operationState": state} if state else {}))

    result = run("argocd-update", AT_ABC)

    assert isinstance(result, Waiting)
    assert result.output == APPS
    assert 10 <= result.check_again_in.total_seconds() <= 15
    assert server.calls("POST") == [SYNC]
    assert {info["name"]: info["value"] for info in app["operation"]["info"]}[
        "kargo.akuity.io/promotion"
    ] == PROMOTION


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (operation("Running", "nobody"), 'started by "admin"'),
        (operation("Terminating", "nobody"), 'started by "admin"'),
        (operation("Running", "theirs"), "started by promotion uat.00old.free"),
        (operation("Running"), "is syncing"),
        (operation("Running", revision="other"), "is syncing"),
    ],
)
def test_waits_while_an_operation_runs(run, server, state, said):
    server.add(operationState=state)

    result = run("argocd-update", AT_ABC)

    assert isinstance(result, Waiting)
    assert said in result.message
    assert server.calls("POST", "PATCH") == []


def test_waits_until_its_own_request_is_taken_up(run, server):
    server.add()
    run("argocd-update", ANY)

    result = run("argocd-update", ANY)

    assert "has not taken up its operation yet" in result.message
    assert server.calls("POST") == [SYNC]


@pytest.mark.parametrize("phase", ["Failed", "Error"])
def test_a_failed_sync_is_an_error_in_the_words_of_argo_cd(run, server, phase):
    server.add(operationState=operation(phase, message="one or more objects failed to apply"))

    with pytest.raises(StepErrored, match="failed with: one or more objects failed to apply") as caught:
        run("argocd-update", AT_ABC)

    assert not caught.value.permanent
    assert server.calls("POST") == []


@pytest.mark.parametrize(
    ("app", "revisions"),
    [(ANY, [""]), (AT_ABC, ["abc"]), ({**AT_ABC, "namespace": "argocd"}, ["abc"])],
    ids=["any", "desired", "namespace"],
)
def test_a_sync_of_this_promotion_that_succeeded_is_the_end(run, server, app, revisions):
    server.add(operationState=operation("Succeeded"))

    result = run("argocd-update", app)

    checked = {"name": "shop-uat", "namespace": "argocd", "desiredRevisions": revisions}
    assert result == Done(APPS, health_check=HealthCheck("argocd-update", {"apps": [checked]}))
    assert server.calls() == [("GET", "/api/v1/applications/shop-uat")]


def test_goes_from_the_first_request_to_the_end(run, server, bench):
    app = server.add()
    server.revisions["env/uat"] = "abc"

    steps = []
    for _ in range(3):
        steps.append(run("argocd-update", AT_ABC))
        server.work()

    assert [type(step) for step in steps] == [Waiting, Waiting, Done]
    assert app["status"]["sync"]["revision"] == "abc"
    assert ("info", "Syncing argocd/shop-uat: it has no operation yet") in bench.lines


def test_refreshes_before_it_syncs(run, server):
    server.add()

    run("argocd-update", ANY)

    assert server.calls() == [("GET", "/api/v1/applications/shop-uat")] * 2 + [SYNC]
    assert server.seen[1][2]["refresh"] == "hard"


def test_a_refresh_that_argo_cd_has_no_time_for_holds_up_nothing(run, server, bench):
    app = server.add()

    server.answers["GET", "/api/v1/applications/shop-uat"] = [(200, json.dumps(app)), (504, "")]

    assert isinstance(run("argocd-update", ANY), Waiting)
    assert server.calls("POST") == [SYNC]
    assert any("has not refreshed" in text for _, text in bench.lines)


@pytest.mark.parametrize(("actor", "said"), [("email:alice@example.com", "email:alice"), ("", "automation")])
def test_the_operation_says_who_asked_and_for_what(run, server, actor, said):
    app = server.add()

    run("argocd-update", ANY, actor=actor)

    reason = app["operation"]["info"][0]
    assert reason["name"] == "Reason"
    assert "shop:uat" in reason["value"]
    assert said in reason["value"]


def test_an_operation_that_came_in_between_is_waited_for(run, server):
    app = server.add()
    message = "another operation is already in progress"
    server.answers[SYNC] = [(400, f'{{"error": "{message}", "code": 9, "message": "{message}"}}')]

    assert "already in progress" in run("argocd-update", ANY).message
    assert "operation" not in app


def test_a_closed_sync_window_is_waited_for(run, server):
    server.add()
    server.answers[SYNC] = [(403, '{"message": "cannot sync: blocked by sync window", "code": 7}')]

    assert "blocked by sync window" in run("argocd-update", ANY).message


def test_an_application_that_did_not_agree_is_left_alone(run, server):
    server.add(stages="shop:dev")

    with pytest.raises(StepErrored, match='authorized-stage: "shop:uat"') as caught:
        run("argocd-update", ANY)

    assert not caught.value.permanent
    assert server.calls("POST", "PATCH") == []


def test_a_selector_passes_over_applications_that_did_not_agree(run, server):
    server.add(name="mine", labels={"tier": "web"})
    server.add(name="foreign", labels={"tier": "web"}, stages="other:uat")

    result = run("argocd-update", {"selector": {"matchLabels": {"tier": "web"}}})

    assert result.output == {"apps": [{"name": "mine", "namespace": "argocd"}]}
    assert server.calls("POST") == [("POST", "/api/v1/applications/mine/sync")]


def test_a_selector_of_which_nobody_agreed_is_an_error(run, server):
    server.add(labels={"tier": "web"}, stages="")

    with pytest.raises(StepErrored, match="1 applications match the selector, but none lets stage shop:uat"):
        run("argocd-update", {"selector": {"matchLabels": {"tier": "web"}}})


def test_nothing_is_touched_when_one_of_several_lacks_the_source(run, server):
    for name in "abcde":
        source = REPOSITORY if name == "a" else "https://git.example.com/other.git"
        server.add(name=name, labels={"tier": "web"}, sources=[{"repoURL": source, "targetRevision": "main"}])
    source = {"repoURL": REPOSITORY, "desiredRevision": "abc", "updateTargetRevision": True}

    with pytest.raises(StepErrored) as caught:
        run("argocd-update", {"selector": {"matchLabels": {"tier": "web"}}, "sources": [source]})

    assert "4 have not (the first 3 of them" in str(caught.value)
    assert "No application was updated" in str(caught.value)
    assert '"e"' not in str(caught.value)
    assert server.calls("POST", "PATCH") == []


def test_nothing_is_touched_when_a_later_entry_is_missing(run, server):
    server.add()

    with pytest.raises(StepErrored, match='unable to find Argo CD Application "nope"'):
        run("argocd-update", ANY, {"name": "nope"})

    assert server.calls("POST", "PATCH") == []


def test_one_application_that_still_syncs_keeps_the_step_waiting(run, server):
    server.add(name="done", operationState=operation("Succeeded"))
    server.add(name="busy", operationState=operation("Running"))

    result = run("argocd-update", {"name": "done"}, {"name": "busy"})

    assert isinstance(result, Waiting)
    assert result.output == {"apps": [{"name": name, "namespace": "argocd"} for name in ("done", "busy")]}


GIT = {"repoURL": REPOSITORY, "path": "uat", "targetRevision": "main"}


def test_sources_are_changed_before_the_sync(run, server):
    app = server.add(make_app(sources=[GIT, CHART]))
    update = {
        "repoURL": REPOSITORY,
        "desiredRevision": "abc",
        "updateTargetRevision": True,
        "kustomize": {
            "images": [
                {"repoURL": "a", "tag": "1"},
                {"repoURL": "b", "newName": "c", "digest": "sha256:1"},
                {"repoURL": "d", "newName": "e"},
            ]
        },
        "helm": {"images": [{"key": "image.tag", "value": "2"}]},
    }

    run("argocd-update", {"name": "shop-uat", "sources": [update]})

    changed = {
        **GIT,
        "targetRevision": "abc",
        "kustomize": {"images": ["a:1", "b=c@sha256:1", "d=e:"]},
        "helm": {"parameters": [{"name": "image.tag", "value": "2"}]},
    }
    assert app["spec"]["sources"] == [changed, CHART]
    assert server.calls("PATCH", "POST") == [("PATCH", "/api/v1/applications/shop-uat"), SYNC]


def test_sources_that_are_as_they_should_be_are_not_written(run, server):
    server.add(make_app(sources=[{**GIT, "targetRevision": "abc"}]))
    update = {"repoURL": REPOSITORY, "desiredRevision": "abc", "updateTargetRevision": True}

    run("argocd-update", {"name": "shop-uat", "sources": [update]})

    assert server.calls("PATCH") == []


def test_an_update_without_a_source_is_an_error(run, server):
    server.add(make_app(sources=[CHART]))

    with pytest.raises(StepErrored, match="no source of Argo CD Application"):
        run("argocd-update", AT_ABC)

    assert server.calls("POST", "PATCH") == []


def test_several_sources_have_a_desired_revision_each(run, server):
    server.add(make_app(sources=[GIT, CHART], operationState=operation("Succeeded", revisions=["abc", "1.0.0"])))

    result = run("argocd-update", AT_ABC)

    assert result.health_check.config["apps"][0]["desiredRevisions"] == ["abc", ""]


IMAGE = {"repoURL": "a"}


@pytest.mark.parametrize(
    "source",
    [
        {},
        {"repoURL": ""},
        {"repoURL": "x", "chart": ""},
        {"repoURL": "x", "desiredRevision": ""},
        {"repoURL": "x", "desiredRevision": None},
        {"repoURL": "x", "desiredRevision": 1.1},
        {"repoURL": "x", "updateTargetRevision": True},
        {"repoURL": "x", "updateTargetRevision": "true", "desiredRevision": "a"},
        {"repoURL": "x", "kustomize": None},
        {"repoURL": "x", "kustomize": {"images": []}},
        {"repoURL": "x", "kustomize": {"images": [{}]}},
        {"repoURL": "x", "kustomize": {"images": [{**IMAGE, "newName": ""}]}},
        {"repoURL": "x", "kustomize": {"images": [{**IMAGE, "tag": "a", "digest": "b"}]}},
        {"repoURL": "x", "helm": {}},
        {"repoURL": "x", "helm": {"images": []}},
        {"repoURL": "x", "helm": {"images": [{"key": "", "value": "a"}]}},
        {"repoURL": "x", "helm": {"images": [{"key": "a"}]}},
        {"repoURL": "x", "path": "unknown"},
    ],
)
def test_refuses_a_source_that_makes_no_sense(run, server, source):
    with pytest.raises(StepFailed, match="invalid argocd-update config"):
        run("argocd-update", {"name": "a", "sources": [source]})

    assert server.seen == []


@pytest.mark.parametrize(
    "app",
    [
        {"name": "a", "sources": [{"repoURL": "x", "updateTargetRevision": False}]},
        {"name": "a", "sources": [{"repoURL": "x", "kustomize": {"images": [{**IMAGE, "tag": "", "digest": ""}]}}]},
        {"name": "a", "sources": [{"repoURL": "x", "kustomize": {"images": [{**IMAGE, "tag": "", "digest": "b"}]}}]},
        {"selector": {"matchLabels": {}, "matchExpressions": [{"key": "a", "operator": "Exists"}]}},
    ],
)
def test_accepts_what_kargo_accepts(app):
    assert Config.model_validate({"apps": [app]})


def test_sources_may_not_be_an_empty_list(run):
    with pytest.raises(StepFailed, match=r"sources: must have at least 1 item"):
        run("argocd-update", {"name": "a", "sources": []})


def test_a_preview_says_what_would_be_synced_and_touches_nothing(context, server):
    server.add()

    would = argocd_update.preview(context, Config.model_validate({"apps": [AT_ABC]}))

    assert would.message == "would sync app argocd/shop-uat to revision abc"
    assert would.output == APPS
    assert [method for method, *_ in server.seen] == ["GET"]
    assert "refresh" not in server.seen[0][2]


def test_a_preview_finds_that_an_application_did_not_agree(context, server):
    server.add(stages="")

    with pytest.raises(StepErrored, match="does not let stage shop:uat change it"):
        argocd_update.preview(context, Config.model_validate({"apps": [ANY]}))
