"""Selectors of promotion policies."""

import pytest

from promotions.gates.policies import find_policy, is_auto_promoted, selects

LABELS = {"tier": "prod", "team": "shop"}


@pytest.mark.parametrize(
    ("selector", "fits"),
    [
        ({}, True),
        ({"name": ""}, True),
        ({"name": "prod-eu"}, True),
        ({"name": "prod"}, False),
        ({"name": "glob:prod-*"}, True),
        ({"name": "glob:prod"}, False),
        ({"name": "glob:*-[eu]u"}, True),
        ({"name": "regex:eu"}, True),
        ({"name": "regex:^eu"}, False),
        ({"name": "regexp:^prod-(eu|us)$"}, True),
        ({"matchLabels": {"tier": "prod"}}, True),
        ({"matchLabels": {"tier": "prod", "team": "other"}}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "In", "values": ["prod", "uat"]}]}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "In", "values": ["uat"]}]}, False),
        ({"matchExpressions": [{"key": "none", "operator": "In", "values": ["x"]}]}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["uat"]}]}, True),
        ({"matchExpressions": [{"key": "none", "operator": "NotIn", "values": ["uat"]}]}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["prod"]}]}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "none", "operator": "Exists"}]}, False),
        ({"matchExpressions": [{"key": "none", "operator": "DoesNotExist"}]}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}, False),
        ({"name": "glob:prod-*", "matchLabels": {"tier": "uat"}}, False),
    ],
)
def test_a_selector_fits_when_all_its_parts_do(selector, fits):
    assert selects(selector, name="prod-eu", labels=LABELS) is fits


def test_the_first_policy_that_fits_decides_also_when_it_says_no():
    config = {
        "promotionPolicies": [
            {"stageSelector": {"name": "glob:prod-*"}, "autoPromotionEnabled": False},
            {"stage": "prod-eu", "autoPromotionEnabled": True},
        ]
    }

    assert not is_auto_promoted(config, stage="prod-eu", labels={})


def test_the_old_way_names_one_stage_exactly():
    policies = [{"stage": "uat", "autoPromotionEnabled": True}]

    assert find_policy(policies, stage="uat", labels={}) is policies[0]
    assert find_policy(policies, stage="uat-2", labels={}) is None


def test_without_a_policy_nothing_is_promoted_by_itself():
    assert not is_auto_promoted({}, stage="dev", labels={})
