"""What a sender is answered, in Kargo's words. Pure.

Source: Kargo code `pkg/webhook/external/{refresh,generic,generic_actions}.go`.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from freight.receivers.base import ActionPlan

Target = tuple[str, str]  # project and name

_NOT_MATCHED = "Request did not match whenExpression"
_NOT_EVALUATED = "Error evaluating {}"


def say_warehouses(count: int) -> dict[str, str]:
    """The answer to a push."""
    return {"msg": f"refreshed {count} warehouse(s)"}


def say_promotions(count: int) -> dict[str, str]:
    """The answer to news of a pull request."""
    return {"msg": f"refreshed {count} promotion(s)"}


def say_action(plan: ActionPlan, targets: Iterable[Target]) -> dict[str, Any]:
    """The part of the answer for one action of a generic receiver."""
    said: dict[str, Any] = {**_show(plan.configured), "matchedWhenExpression": plan.has_matched}
    if plan.problem:
        return {**said, "result": "Error", "summary": _NOT_EVALUATED.format(plan.problem)}
    if not plan.has_matched:
        return {**said, "result": "NotApplicable", "summary": _NOT_MATCHED}
    return _with_targets(said, targets)


def add_targets(said: Mapping[str, Any], targets: Collection[Target]) -> dict[str, Any]:
    """The part of the answer for one action, with more targets than it had."""
    known = {(item["namespace"], item["name"]) for item in said.get("selectedTargets") or ()}
    return _with_targets(said, known | set(targets))


def has_failed(actions: Iterable[Mapping[str, Any]]) -> bool:
    """Did an action end with an error?"""
    return any(action["result"] == "Error" for action in actions)


def _with_targets(said: Mapping[str, Any], targets: Iterable[Target]) -> dict[str, Any]:
    chosen = [{"namespace": project, "name": name, "success": True} for project, name in sorted(set(targets))]
    return {
        **said,
        **({"selectedTargets": chosen} if chosen else {}),
        "result": "Success",
        "summary": f"Refreshed {len(chosen)} of {len(chosen)} selected resources",
    }


def _show(configured: Mapping[str, Any]) -> dict[str, Any]:
    """An action as Kargo writes it: empty selectors are there, empty texts are not."""
    shown: dict[str, Any] = {"action": configured["action"]}
    for key in ("whenExpression", "parameters"):
        if configured.get(key):
            shown[key] = configured[key]
    shown["targetSelectionCriteria"] = [
        {"labelSelector": {}, "indexSelector": {}, **criterion} for criterion in configured["targetSelectionCriteria"]
    ]
    return shown
