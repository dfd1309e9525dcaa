"""The strategy Lexical: last in byte order first.

Source: Kargo docs "Working with Warehouses" (Lexical).
"""

from collections.abc import Iterable

from freight.selection.outcome import Selection
from freight.selection.patterns import TagFilter


def select_lexical(names: Iterable[str], *, tags: TagFilter | None = None) -> Selection[str]:
    """Names that pass the filter, in descending byte order (`z` before `a` before `Z`)."""
    passed = (tags or TagFilter()).select(names)
    return Selection(tuple(sorted(passed.taken, key=str.encode, reverse=True)), passed.ignored)
