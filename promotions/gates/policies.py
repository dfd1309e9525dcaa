"""Which policy of the project's config is about a stage: selectors by name and labels. Pure.

Source: Kargo code, promotion policies (the first policy whose selector fits decides); Kargo docs, Projects.
"""

import fnmatch
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import re2


def is_auto_promoted(config: Mapping[str, Any], *, stage: str, labels: Mapping[str, str]) -> bool:
    """Does the project's config (ProjectConfig.spec) have new freight promoted to this stage by itself?"""
    policy = find_policy(config.get("promotionPolicies") or (), stage=stage, labels=labels)
    return bool(policy and policy.get("autoPromotionEnabled"))


def find_policy(
    policies: Sequence[Mapping[str, Any]], *, stage: str, labels: Mapping[str, str]
) -> Mapping[str, Any] | None:
    """The first policy that names the stage, exactly or by its selector."""
    for policy in policies:
        if name := policy.get("stage"):
            if name == stage:
                return policy
        elif selects(policy.get("stageSelector") or {}, name=stage, labels=labels):
            return policy
    return None


def selects(selector: Mapping[str, Any], *, name: str, labels: Mapping[str, str]) -> bool:
    """Does a selector {"name", "matchLabels", "matchExpressions"} fit? All its parts must; an empty one fits all."""
    return (
        _fits_name(selector.get("name") or "", name)
        and all(labels.get(key) == value for key, value in (selector.get("matchLabels") or {}).items())
        and all(_fits_expression(expression, labels) for expression in selector.get("matchExpressions") or ())
    )


def _fits_name(pattern: str, name: str) -> bool:
    kind, _, rest = pattern.partition(":")
    if kind == "glob":
        return fnmatch.fnmatchcase(name, rest)
    if kind in ("regex", "regexp"):
        return _compile(rest).search(name) is not None
    return pattern in ("", name)


@lru_cache(maxsize=256)
def _compile(pattern: str) -> Any:
    return re2.compile(pattern)


def _fits_expression(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, values = expression["key"], expression.get("values") or ()
    match expression["operator"]:
        case "In":
            return key in labels and labels[key] in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case _:
            return key not in labels
