"""argocd-wait: in which order it looks at operation, health and sync, and when waiting is in vain."""

import pytest

from promotions.steps import argocd_wait
from promotions.steps.argocd_wait import Config
from promotions.steps.base import Done, StepErrored, StepFailed, Waiting
from tests.servers.argocd import make_operation, stamp

STALE = {"operationState": make_operation(finished=stamp())}  # reconciled a minute before it finished
BROKEN = [{"type": "InvalidSpecError", "message": "no such project"}]
APPS = [{"name": "shop-uat", "namespace": "argocd"}]
REFRESH = {"refresh": "hard", "appNamespace": "argocd"}


def health(status):
    return {"health": {"status": status}}


def sync(status):
    return {"sync": {"status": status}}


@pytest.mark.parametrize(
    ("wait_for", "status"),
    [
        (None, {}),
        (["health"], sync("OutOfSync")),
        (["sync"], health("Degraded")),
        (["sync"], STALE),
        (["operation"], {**health("Degraded"), **sync("OutOfSync"), "operationState": make_operation("Failed")}),
        (["suspended"], health("Suspended")),
        (["degraded"], health("Degraded")),
        (["health", "suspended"], health("Suspended")),
        (["health", "degraded"], health("Degraded")),
        (["health"], {"operationState": make_operation("Running")}),
        (["health", "sync"], {"conditions": [{"type": "SyncError", "message": "not one of the two"}]}),
    ],
)
def test_is_ready(run, server, wait_for, status):
    server.add(**status)

    result = run("argocd-wait", {"name": "shop-uat", **({"waitFor": wait_for} if wait_for else {})})

    seen = server.apps["argocd", "shop-uat"]["status"]["health"]["status"]
    assert result == Done({"apps": APPS, "healthStatus": {"argocd/shop-uat": seen}})


@pytest.mark.parametrize(
    ("wait_for", "status", "said"),
    [
        (["operation"], {"operationState": make_operation("Running")}, "runs an operation"),
        (
            ["operation", "health"],
            {**health("Degraded"), "operationState": make_operation("Running")},
            "an operation",
        ),
        (["health"], health("Progressing"), "is Progressing, waiting for Healthy"),
        (["health"], health("Degraded"), "is Degraded, waiting for Healthy"),
        (["health"], {"health": {}}, "without a health"),
        (["health", "suspended"], health("Missing"), "waiting for Healthy or Suspended"),
        (["suspended"], {}, "is Healthy, waiting for Suspended"),
        (["sync"], sync("OutOfSync"), "is OutOfSync, waiting for Synced"),
        (["sync", "health"], {**sync("OutOfSync"), **health("Progressing")}, "is Progressing"),
        (["health"], STALE, "asked for a refresh"),
        (["degraded"], {**STALE, **health("Degraded")}, "asked for a refresh"),
    ],
)
def test_waits(run, server, wait_for, status, said):
    server.add(**status)

    result = run("argocd-wait", {"name": "shop-uat", "waitFor": wait_for})

    assert isinstance(result, Waiting)
    assert said in result.message
    assert 10 <= result.check_again_in.total_seconds() <= 15
    assert result.output["apps"] == APPS
    assert (server.seen[-1][2] == REFRESH) == ("refresh" in said)


def test_an_operation_that_is_asked_for_is_waited_for(run, server):
    server.add()["operation"] = {"sync": {}}

    assert "runs an operation" in run("argocd-wait", {"name": "shop-uat"}).message


def test_after_the_refresh_it_is_ready(run, server):
    server.add(**STALE)

    assert isinstance(run("argocd-wait", {"name": "shop-uat"}), Waiting)
    assert isinstance(run("argocd-wait", {"name": "shop-uat"}), Done)


@pytest.mark.parametrize("status", [{}, {"operationState": make_operation("Running")}])
def test_a_broken_application_is_not_waited_for(run, server, status):
    server.add(conditions=BROKEN, **status)

    with pytest.raises(StepErrored, match='"InvalidSpecError" condition: no such project') as caught:
        run("argocd-wait", {"name": "shop-uat"})

    assert caught.value.permanent
    assert caught.value.output == {"apps": APPS, "healthStatus": {"argocd/shop-uat": "Healthy"}}


@pytest.mark.parametrize(
    ("before", "wait_for", "is_regression"),
    [
        ("Healthy", ["health"], True),
        ("Progressing", ["health"], True),
        ("Suspended", ["health", "degraded"], True),
        ("Degraded", ["health"], False),
        ("Unknown", ["health"], False),
        (None, ["health"], False),
        ("Healthy", ["degraded"], False),
    ],
)
def test_health_that_got_worse_while_waiting_ends_the_wait(run, server, before, wait_for, is_regression):
    server.add(**health("Degraded"))
    previous = {"healthStatus": {"argocd/shop-uat": before, "argocd/other": "Healthy"}} if before else None
    app = {"name": "shop-uat", "waitFor": wait_for}

    if not is_regression:
        assert isinstance(run("argocd-wait", app, previous=previous), Done | Waiting)
        return
    with pytest.raises(StepErrored, match=f"has regressed from {before} to Degraded") as caught:
        run("argocd-wait", app, previous=previous)

    assert caught.value.permanent
    assert caught.value.output["healthStatus"] == {"argocd/shop-uat": "Degraded", "argocd/other": "Healthy"}


@pytest.mark.parametrize("previous", [{}, {"healthStatus": None}, {"healthStatus": "x"}, {"other": 1}])
def test_an_earlier_output_of_another_shape_is_no_health(run, server, previous):
    server.add(**health("Degraded"))

    assert isinstance(run("argocd-wait", {"name": "shop-uat"}, previous=previous), Waiting)


def test_needs_no_consent_and_waits_for_all(run, server):
    server.add(name="a", labels={"tier": "web"}, stages="")
    server.add(name="b", labels={"tier": "web"}, stages="", **health("Progressing"))

    result = run("argocd-wait", {"selector": {"matchLabels": {"tier": "web"}}})

    assert isinstance(result, Waiting)
    assert result.output["healthStatus"] == {"argocd/a": "Healthy", "argocd/b": "Progressing"}
    assert "Healthy" in result.message


@pytest.mark.parametrize("wait_for", [[], ["health", "health"], ["ready"], "health", None])
def test_refuses_conditions_it_does_not_know(run, wait_for):
    with pytest.raises(StepFailed, match="waitFor"):
        run("argocd-wait", {"name": "a", "waitFor": wait_for})


def test_a_preview_names_what_it_would_wait_for(context, server):
    config = {"apps": [{"name": "shop-uat"}, {"selector": {"matchLabels": {"a": "b"}}, "waitFor": ["sync"]}]}

    would = argocd_wait.preview(context, Config.model_validate(config))

    assert would.message == (
        "would wait for app shop-uat: health, sync, operation; would wait for the selected apps: sync"
    )
    assert would.output is None
    assert server.seen == []
