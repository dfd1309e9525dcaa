"""The strategy Digest: one mutable tag, whose digest is the version.

Source: Kargo docs "Working with Warehouses" (Digest).
"""

from typing import TypeVar

from freight.selection.outcome import Selection

Found = TypeVar("Found")


def select_digest(tag: str, found: Found | None) -> Selection[Found | str]:
    """What the registry has under the tag, if anything; a missing tag is an empty answer, not an error."""
    if found is None:
        return Selection((), ((tag, "the repository has no such tag"),))
    return Selection((found,))


def is_followed_tag(pushed: str, *, constraint: str) -> bool:
    """Tell whether a push of tag `pushed` concerns a subscription that follows the tag in `constraint`."""
    return pushed == constraint
