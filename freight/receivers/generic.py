"""generic: a sender of any shape; expressions over the request say what is to be refreshed.

Nothing is signed: the secret address is all there is.
Source: Kargo docs "Generic Webhook Receiver", code `pkg/webhook/external/generic*.go`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from expressions import ExpressionError, Function, evaluate, limit_time, render
from freight.receivers.base import ActionPlan, Actions, Criterion, Inbound, Notice, Sender
from freight.receivers.payload import is_storable, read_json
from integrations.git.urls import normalize_git_url
from integrations.oci.references import normalize_chart, normalize_image

# For all expressions of one request: a web process evaluates them.
MAX_SECONDS = 2.0


def read(inbound: Inbound, secret: str, config: Mapping[str, Any]) -> Notice:
    """Evaluate the expressions of every action over this request."""
    body = read_json(inbound.body) if inbound.body else None
    shared = {
        "request": {
            "header": _function("header", inbound.header),
            "headers": _function("headers", inbound.list_header),
            "params": _function("params", inbound.parameter),
            "body": body,
        },
        "normalizeGit": _function("normalizeGit", normalize_git_url),
        "normalizeImage": _function("normalizeImage", normalize_image),
        "normalizeChart": _function("normalizeChart", normalize_chart),
    }
    with limit_time(MAX_SECONDS):
        return Actions(tuple(_plan(action, shared) for action in config.get("actions") or ()))


def _function(name: str, call: Callable[[str], Any]) -> Function:
    return Function(name, call, 1, 1, (str,))


def _plan(action: Mapping[str, Any], shared: Mapping[str, Any]) -> ActionPlan:
    env = {**shared, "params": dict(action.get("parameters") or {})}
    try:
        has_matched = _is_met(action.get("whenExpression") or "", env)
    except ExpressionError as error:
        return ActionPlan(action, False, problem="whenExpression", reason=error.summary)
    if not has_matched:
        return ActionPlan(action, False)
    try:
        criteria = tuple(_evaluate(item, env) for item in action["targetSelectionCriteria"])
    except ExpressionError as error:
        return ActionPlan(action, True, problem="targetSelectionCriteria", reason=error.summary)
    return ActionPlan(action, True, criteria=criteria)


def _is_met(expression: str, env: Mapping[str, Any]) -> bool:
    if not expression:
        return True
    met = evaluate(expression, dict(env))
    if not isinstance(met, bool):
        raise ExpressionError("it gives neither true nor false")
    return met


def _evaluate(item: Mapping[str, Any], env: Mapping[str, Any]) -> Criterion:
    selector = item.get("labelSelector") or {}
    requirements = selector.get("matchExpressions") or ()
    indices = (item.get("indexSelector") or {}).get("matchIndices") or ()
    return Criterion(
        kind=item["kind"],
        name=_text(item["name"], env) if item.get("name") else None,
        labels=tuple((key, _text(value, env)) for key, value in (selector.get("matchLabels") or {}).items()),
        label_expressions=tuple(
            (need["key"], need["operator"], tuple(_text(value, env) for value in need.get("values") or ()))
            for need in requirements
        ),
        indices=tuple((index["key"], index["operator"], _text(index["value"], env)) for index in indices),
    )


def _text(template: str, env: Mapping[str, Any]) -> str:
    value = render(template, dict(env))
    if not isinstance(value, str) or not is_storable(value):
        raise ExpressionError(f'"{template}" gives no text')
    return value


SENDER = Sender(
    name="generic",
    title="Generic",
    secret_key="secret",  # noqa: S106
    read=read,
    describe=lambda _: "request",
    is_open=True,
)
