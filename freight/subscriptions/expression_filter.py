"""expressionFilter of a subscription: does one version pass?"""

from collections.abc import Mapping
from typing import Any

from expressions import ExpressionError, evaluate, to_bool
from freight.subscriptions.base import SubscriptionUnusable


def explain_mismatch(expression: str, env: Mapping[str, Any]) -> str | None:
    """Why a version with these facts does not pass, or None if it does; an empty expression passes all.

    Raises SubscriptionUnusable when the expression cannot be evaluated, or gives neither true nor false.
    """
    if not expression:
        return None
    try:
        passes = to_bool(evaluate(expression, dict(env)))
    except ExpressionError as error:
        raise SubscriptionUnusable(f'expressionFilter "{expression}" cannot be used: {error.summary}') from error
    return None if passes else "expressionFilter is false for it"
