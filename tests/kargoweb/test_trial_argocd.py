"""`kargoweb step run` reaches the Argo CD that its context names."""

import pytest

from kargoweb.trial import run_trial
from tests.servers.argocd import REPOSITORY, TOKEN, ArgoCDServer, make_operation


@pytest.fixture(scope="module")
def server():
    server = ArgoCDServer()
    yield server
    server.close()


def test_syncs_the_application_that_expressions_name(server, tmp_path):
    app = server.add(name="shop-uat", namespace="teams", stages="shop:uat")
    sources = [{"repoURL": REPOSITORY, "desiredRevision": "${{ outputs.push.commit }}", "updateTargetRevision": True}]
    context = {
        "argocd": {"url": server.url, "token": TOKEN, "namespace": "teams"},
        "ctx": {"project": "shop", "stage": "uat", "promotion": "uat.01"},
        "outputs": {"push": {"commit": "abc"}},
    }

    trial = run_trial(
        "argocd-update", {"apps": [{"name": "shop-${{ ctx.stage }}", "sources": sources}]}, tmp_path, context
    )

    assert (trial.status, trial.output) == ("Running", {"apps": [{"name": "shop-uat", "namespace": "teams"}]})
    assert app["spec"]["source"]["targetRevision"] == "abc"
    assert TOKEN not in "\n".join(trial.log)


def test_the_health_seen_before_comes_from_the_outputs_of_the_context(server, tmp_path):
    server.add(name="worse", health={"status": "Degraded"}, operationState=make_operation())
    context = {
        "argocd": {"url": server.url, "token": TOKEN},
        "ctx": {"meta": {"step": {"alias": "wait"}}},
        "outputs": {"wait": {"healthStatus": {"argocd/worse": "Healthy"}}},
    }

    trial = run_trial("argocd-wait", {"apps": [{"name": "worse"}]}, tmp_path, context)

    assert trial.status == "Errored"
    assert trial.message.startswith("an unrecoverable error occurred: ")
    assert "regressed from Healthy to Degraded" in trial.message
    assert trial.output["healthStatus"] == {"argocd/worse": "Degraded"}


@pytest.mark.parametrize("context", [{}, {"argocd": {}}, {"argocd": {"token": "x"}}])
def test_without_an_address_it_says_how_to_give_one(tmp_path, context):
    trial = run_trial("argocd-wait", {"apps": [{"name": "a"}]}, tmp_path, context)

    assert trial.status == "Errored"
    assert '"argocd": {"url", "token"} in the context' in trial.message
    assert not trial.message.startswith("an unrecoverable error")


def test_a_wrong_config_needs_no_address(tmp_path):
    assert run_trial("argocd-wait", {"apps": []}, tmp_path, {}).status == "Failed"
