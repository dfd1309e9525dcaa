"""Which applications a config means, and which of them a stage may change."""

import dataclasses

import pytest

from integrations.http import HttpPolicy
from promotions.engine import ArgoCDConnection
from promotions.steps.argocd_apps import AppSelector, build_selector, is_authorized
from promotions.steps.base import StepErrored, StepFailed
from promotions.steps.capabilities import Capabilities
from promotions.steps.execution import execute
from promotions.steps.registry import find_step
from tests.servers.argocd import make_app

KINDS = ["argocd-update", "argocd-wait"]


@pytest.mark.parametrize(
    ("annotation", "allowed"),
    [
        ("shop:uat", True),
        ("shop:dev,shop:uat", True),
        (" shop:dev , shop : uat ", True),
        ("shop:dev", False),
        ("other:uat", False),
        ("", False),
        ("shop", False),
        ("shop:uat,", False),
        ("shop:uat,broken", False),
        ("shop:uat:x", False),
        ("shop:*", False),
        ("*:uat,shop:uat", False),
    ],
)
def test_one_bad_entry_makes_the_consent_worthless(annotation, allowed):
    assert is_authorized({"kargo.akuity.io/authorized-stage": annotation}, "shop", "uat") is allowed


def test_without_the_annotation_there_is_no_consent():
    assert not is_authorized({}, "shop", "uat")


def expression(operator, *values):
    return {"key": "k", "operator": operator, "values": list(values)}


@pytest.mark.parametrize(
    ("selector", "text"),
    [
        ({"matchLabels": {"a": "b", "c": "d"}}, "a=b,c=d"),
        ({"matchExpressions": [expression("In", "x", "y")]}, "k in (x,y)"),
        ({"matchExpressions": [expression("NotIn", "x")]}, "k notin (x)"),
        ({"matchExpressions": [expression("Exists")]}, "k"),
        ({"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "k", "operator": "DoesNotExist"}]}, "a=b,!k"),
    ],
)
def test_a_selector_is_written_as_kubernetes_does(selector, text):
    assert build_selector(AppSelector.model_validate(selector)) == text


@pytest.mark.parametrize(
    ("operator", "values"), [("In", []), ("NotIn", []), ("Exists", ["x"]), ("DoesNotExist", ["x"])]
)
def test_a_selector_with_values_that_do_not_fit_is_an_error(operator, values):
    selector = AppSelector.model_validate({"matchExpressions": [expression(operator, *values)]})

    with pytest.raises(StepErrored, match=f"operator {operator}"):
        build_selector(selector)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "app",
    [
        {},
        {"name": ""},
        {"name": "a", "selector": {"matchLabels": {"a": "b"}}},
        {"name": "a", "selector": None},
        {"name": "a", "namespace": ""},
        {"name": "a", "unknown": 1},
        {"selector": {}},
        {"selector": {"matchLabels": {}}},
        {"selector": {"matchLabels": {"a": 1}}},
        {"selector": {"matchExpressions": []}},
        {"selector": {"matchExpressions": [{"key": "", "operator": "In"}]}},
        {"selector": {"matchExpressions": [{"key": "a", "operator": "Equals"}]}},
        {"selector": {"matchExpressions": [{"key": "a"}]}},
    ],
)
def test_refuses_a_choice_that_is_not_one(run, server, kind, app):
    with pytest.raises(StepFailed, match=f"invalid {kind} config"):
        run(kind, app)

    assert server.seen == []


@pytest.mark.parametrize("kind", KINDS)
def test_at_least_one_application_is_to_be_named(run, kind):
    with pytest.raises(StepFailed, match="apps"):
        run(kind)


@pytest.mark.parametrize("kind", KINDS)
def test_an_application_that_is_missing_is_an_error(run, kind):
    with pytest.raises(
        StepErrored, match='unable to find Argo CD Application "nope" in namespace "argocd"'
    ) as caught:
        run(kind, {"name": "nope"})

    assert not caught.value.permanent


@pytest.mark.parametrize("kind", KINDS)
def test_a_selector_that_matches_nothing_is_an_error(run, server, kind):
    server.add(labels={"tier": "db"})

    with pytest.raises(StepErrored, match='no Argo CD Applications match selector "tier=web"'):
        run(kind, {"selector": {"matchLabels": {"tier": "web"}}})


@pytest.mark.parametrize("kind", KINDS)
def test_looks_in_the_namespace_given(run, server, kind):
    server.add(make_app(namespace="teams"))

    run(kind, {"name": "shop-uat", "namespace": "teams"})

    assert server.seen[0][2] == {"appNamespace": "teams"}


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_connection_the_settings_are_named(context, kind):
    alone = dataclasses.replace(context, can=Capabilities(argocd=ArgoCDConnection(None, HttpPolicy())))

    with pytest.raises(StepErrored, match="KARGOWEB_ARGOCD_URL and KARGOWEB_ARGOCD_TOKEN") as caught:
        execute(find_step(kind), {"apps": [{"name": "a"}]}, alone)

    assert not caught.value.permanent
