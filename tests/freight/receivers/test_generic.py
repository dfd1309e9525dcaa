"""The generic receiver: expressions over a request choose what is refreshed."""

import json
from typing import Any

import pytest

from freight.receivers.answers import say_action
from freight.receivers.base import ActionPlan, Actions, Criterion, Inbound, Refused
from freight.receivers.generic import read
from freight.receivers.targets import fits

BODY = {"wh": "main", "url": "https://git.example.com/Acme/config.git", "team": "blue", "number": 5, "list": [1, 2]}


def plan(action: dict[str, Any], body: bytes | None = None) -> ActionPlan:
    inbound = Inbound(
        json.dumps(BODY).encode() if body is None else body,
        headers=(("x-event", "push"), ("x-many", "a"), ("x-many", "b")),
        query=(("source", "ci"), ("source", "other")),
    )
    configured = {"action": "Refresh", "targetSelectionCriteria": [{"kind": "Warehouse", "name": "main"}], **action}
    actions = read(inbound, "secret", {"actions": [configured]})
    assert isinstance(actions, Actions)
    return actions.plans[0]


WHEN = {
    "empty": ("", True),
    "header": ('request.header("X-Event") == "push"', True),
    "header in any case": ('request.header("x-EVENT") == "push"', True),
    "header not sent": ('request.header("X-Other") == ""', True),
    "headers": ('request.headers("X-Many") == ["a", "b"]', True),
    "first of several": ('request.header("X-Many") == "a"', True),
    "body": ('request.body.team == "green"', False),
    "body list": ("len(request.body.list) == 2", True),
    "query": ('request.params("source") == "ci"', True),
    "params": ('params.wanted == "blue"', True),
    "normalizeGit": ('normalizeGit(request.body.url) == "https://git.example.com/acme/config"', True),
    "normalizeImage": ('normalizeImage("docker.io/library/nginx:1") == "nginx"', True),
    "normalizeChart": ('normalizeChart("oci://ghcr.io/acme/chart") == "ghcr.io/acme/chart"', True),
}


@pytest.mark.parametrize(("expression", "expected"), WHEN.values(), ids=WHEN)
def test_when_expression(expression: str, expected: bool) -> None:
    planned = plan({"whenExpression": expression, "parameters": {"wanted": "blue"}})

    assert (planned.has_matched, planned.problem) == (expected, "")


@pytest.mark.parametrize("expression", ["{x!kj", "foo()", "1", '"true"', "request.body.team"])
def test_what_gives_no_truth_value_is_an_error(expression: str) -> None:
    assert plan({"whenExpression": expression}).problem == "whenExpression"


def test_expressions_inside_of_parameters_are_not_evaluated() -> None:
    assert plan({"whenExpression": "params.p == '${' + '{ 1 }}'", "parameters": {"p": "${{ 1 }}"}}).has_matched


def test_names_labels_and_indices_are_templates() -> None:
    planned = plan(
        {
            "targetSelectionCriteria": [
                {
                    "kind": "Warehouse",
                    "name": "${{ request.body.wh }}",
                    "labelSelector": {
                        "matchLabels": {"team": "${{ request.body.team }}"},
                        "matchExpressions": [
                            {"key": "tier", "operator": "In", "values": ["${{ params.tier }}", "x"]}
                        ],
                    },
                    "indexSelector": {
                        "matchIndices": [
                            {
                                "key": "subscribedURLs",
                                "operator": "Equals",
                                "value": "${{ normalizeGit(request.body.url) }}",
                            }
                        ]
                    },
                }
            ],
            "parameters": {"tier": "gold"},
        }
    )

    assert planned.criteria == (
        Criterion(
            "Warehouse",
            "main",
            (("team", "blue"),),
            (("tier", "In", ("gold", "x")),),
            (("subscribedURLs", "Equals", "https://git.example.com/acme/config"),),
        ),
    )


@pytest.mark.parametrize(
    "name", ["${{ request.body.number }}", "${{ nothing() }}", "${{ request.body.missing }}", "x\x00"]
)
def test_a_name_that_is_no_text_is_an_error(name: str) -> None:
    planned = plan({"targetSelectionCriteria": [{"kind": "Warehouse", "name": name}]})

    assert (planned.has_matched, planned.problem) == (True, "targetSelectionCriteria")


def test_an_empty_body_is_nil() -> None:
    assert plan({"whenExpression": "request.body == nil"}, body=b"").has_matched


def test_a_body_that_is_no_json_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        plan({}, body=b"<xml/>")

    assert refused.value.status == 400


LABELS = {"team": "blue", "tier": "gold"}
URLS = {"https://git.example.com/acme/config", "ghcr.io/acme/app"}
FIT = {
    "name": (Criterion("Warehouse", "main"), True),
    "another name": (Criterion("Warehouse", "other"), False),
    "empty name": (Criterion("Warehouse", ""), False),
    "labels": (Criterion("Warehouse", labels=(("team", "blue"), ("tier", "gold"))), True),
    "one label differs": (Criterion("Warehouse", labels=(("team", "blue"), ("tier", "lead"))), False),
    "in": (Criterion("Warehouse", label_expressions=(("team", "In", ("red", "blue")),)), True),
    "not in": (Criterion("Warehouse", label_expressions=(("team", "NotIn", ("red", "blue")),)), False),
    "a missing label is not in": (Criterion("Warehouse", label_expressions=(("zone", "NotIn", ("x",)),)), True),
    "a missing label is in nothing": (Criterion("Warehouse", label_expressions=(("zone", "In", ("x",)),)), False),
    "exists": (Criterion("Warehouse", label_expressions=(("team", "Exists", ()),)), True),
    "does not exist": (Criterion("Warehouse", label_expressions=(("team", "DoesNotExist", ()),)), False),
    "index": (Criterion("Warehouse", indices=(("subscribedURLs", "Equals", "ghcr.io/acme/app"),)), True),
    "index not equal": (
        Criterion("Warehouse", indices=(("subscribedURLs", "NotEquals", "ghcr.io/acme/app"),)),
        False,
    ),
    "both indices count": (
        Criterion(
            "Warehouse",
            indices=(("subscribedURLs", "Equals", "x"), ("subscribedURLs", "Equals", "ghcr.io/acme/app")),
        ),
        False,
    ),
    "paths of receivers are no matter of warehouses": (
        Criterion("Warehouse", indices=(("receiverPaths", "Equals", "/x"),)),
        False,
    ),
    "name and label": (Criterion("Warehouse", "main", labels=(("team", "red"),)), False),
}


@pytest.mark.parametrize(("criterion", "expected"), FIT.values(), ids=FIT)
def test_all_parts_of_a_criterion_must_fit(criterion: Criterion, expected: bool) -> None:
    assert fits(criterion, "main", LABELS, URLS) is expected


def test_the_answer_shows_an_action_as_kargo_does() -> None:
    configured = {
        "action": "Refresh",
        "whenExpression": "true",
        "targetSelectionCriteria": [{"kind": "Warehouse", "name": "main"}],
    }
    criteria = [{"kind": "Warehouse", "name": "main", "labelSelector": {}, "indexSelector": {}}]
    shown = {"action": "Refresh", "whenExpression": "true", "targetSelectionCriteria": criteria}

    assert say_action(ActionPlan(configured, False), []) == {
        **shown,
        "matchedWhenExpression": False,
        "result": "NotApplicable",
        "summary": "Request did not match whenExpression",
    }
    assert say_action(ActionPlan(configured, False, problem="whenExpression"), []) == {
        **shown,
        "matchedWhenExpression": False,
        "result": "Error",
        "summary": "Error evaluating whenExpression",
    }
    assert say_action(ActionPlan(configured, True), [("shop", "b"), ("shop", "a"), ("shop", "b")]) == {
        **shown,
        "matchedWhenExpression": True,
        "selectedTargets": [
            {"namespace": "shop", "name": "a", "success": True},
            {"namespace": "shop", "name": "b", "success": True},
        ],
        "result": "Success",
        "summary": "Refreshed 2 of 2 selected resources",
    }
    assert say_action(ActionPlan(configured, True), [])["summary"] == "Refreshed 0 of 0 selected resources"
