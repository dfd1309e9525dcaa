"""freightCreationCriteria: may what was found become freight by itself?

Source: Kargo docs "Working with Warehouses" (Freight Creation Criteria), code `pkg/controller/warehouses`.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from expressions import ExpressionError, Function, Record, evaluate, to_bool
from freight.models import Subscription, SubscriptionKind
from integrations.git.urls import normalize_git_url
from integrations.oci.references import normalize_chart, normalize_image

Found = tuple[Subscription, Mapping[str, Any]]


def is_satisfied(criteria: Mapping[str, Any], found: Sequence[Found]) -> tuple[bool, str]:
    """Evaluate `{"expression": ...}` over the best artifact of each subscription: (satisfied, why not)."""
    expression = (criteria.get("expression") or "").strip()
    if not expression:
        return True, ""
    try:
        satisfied = is_true(expression, found)
    except ExpressionError as error:
        return False, f"No freight was made: freightCreationCriteria cannot be evaluated: {error.summary}"
    if satisfied:
        return True, ""
    return False, f"No freight was made: freightCreationCriteria is false for what was found ({expression})."


def is_true(expression: str, found: Sequence[Found]) -> bool:
    """Evaluate an expression over one artifact of each subscription. Raises ExpressionError."""
    return to_bool(evaluate(expression, _functions(found)))


def _functions(found: Sequence[Found]) -> dict[str, Any]:
    def finder(
        kind: SubscriptionKind, normalize: Callable[[str], str], show: Callable[[Found], Any]
    ) -> Callable[..., Any]:
        def find(repo_url: str, name: str = "") -> Any:
            for row, item in found:
                is_named = not name or item.get("name", "") == name
                if row.kind == kind and is_named and normalize(row.repo_url) == normalize(repo_url):
                    return show((row, item))
            return None

        return find

    return {
        "commitFrom": Function("commitFrom", finder(SubscriptionKind.GIT, normalize_git_url, _commit), 1, 1, (str,)),
        "imageFrom": Function("imageFrom", finder(SubscriptionKind.IMAGE, normalize_image, _image), 1, 1, (str,)),
        "chartFrom": Function("chartFrom", finder(SubscriptionKind.CHART, normalize_chart, _chart), 1, 2, (str, str)),
        # There are no generic subscriptions here, so nothing is ever found.
        "artifactFrom": Function("artifactFrom", lambda _name: None, 1, 1, (str,)),
    }


def _commit(found: Found) -> Any:
    _, item = found
    return Record(
        "DiscoveredCommit",
        {
            "ID": item["id"],
            "Branch": item["branch"],
            "Tag": item["tag"],
            "Subject": item["subject"],
            "Author": item["author"],
            "Committer": item["committer"],
            "CreatorDate": _instant(item.get("creatorDate")),
        },
    )


def _image(found: Found) -> Any:
    _, item = found
    return Record(
        "DiscoveredImageReference",
        {
            "Tag": item["tag"],
            "Digest": item["digest"],
            "Annotations": dict(item["annotations"]),
            "CreatedAt": _instant(item.get("createdAt")),
        },
    )


def _chart(found: Found) -> Any:
    row, item = found
    fields = {"RepoURL": normalize_chart(row.repo_url), "Name": item.get("name", ""), "Version": item["version"]}
    return Record("Chart", fields)


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
