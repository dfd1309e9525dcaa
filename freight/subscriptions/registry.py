"""The kinds of subscriptions there are: a literal table. To add one, write its file and name it here."""

from freight.subscriptions import chart, git, image
from freight.subscriptions.base import SubscriptionType, SubscriptionUnusable

TYPES: dict[str, SubscriptionType] = {
    "git": git.SUBSCRIPTION,
    "image": image.SUBSCRIPTION,
    "chart": chart.SUBSCRIPTION,
}


def get_type(kind: str) -> SubscriptionType:
    """The kind of subscription under its type key; raises SubscriptionUnusable for one we cannot look at."""
    if kind not in TYPES:
        raise SubscriptionUnusable(
            f"{kind} subscriptions are not available in this release. Remove it from the warehouse, or keep it "
            f"for a later release; available are {', '.join(TYPES)}."
        )
    return TYPES[kind]
