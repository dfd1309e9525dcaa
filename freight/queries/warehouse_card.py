"""A warehouse as a card: what it watches, how its last check went, when the next one is due."""

from dataclasses import dataclass, field
from datetime import datetime

from freight.models import Subscription, Warehouse, WarehousePhase

_MOST_LINES = 3
# Status words of the icon table, and what people read.
_WORDS = {
    WarehousePhase.NEVER_CHECKED: ("Queued", "Not checked yet"),
    WarehousePhase.CHECKING: ("Refreshing", "Checking"),
    WarehousePhase.READY: ("Healthy", "Ready"),
    WarehousePhase.EMPTY: ("Empty", "Nothing found"),
    WarehousePhase.FAILED: ("Failed", "Failed"),
}


@dataclass(frozen=True, slots=True)
class WarehouseCard:
    """One card. `watches`: (kind of the artifact component, repository); `more` counts those that do not fit.

    `phase` picks the icon, `word` is read; `text` says why the last check failed or made no freight.
    """

    name: str
    letter: str
    watches: tuple[tuple[str, str], ...]
    more: int
    phase: str
    word: str
    text: str
    checked_at: datetime | None
    next_at: datetime | None = field(repr=False)
    is_checking: bool

    @property
    def lines(self) -> int:
        """Lines of the card that name what is watched: 1 to 3."""
        return max(1, len(self.watches) + bool(self.more))


def describe_card(warehouse: Warehouse, letter: str) -> WarehouseCard:
    """The card; reads the subscriptions unless they are prefetched."""
    phase, word = status_of(warehouse)
    rows: list[Subscription] = list(warehouse.subscriptions.all())
    watches = tuple((row.kind, row.repo_url) for row in rows) or tuple(_listed(warehouse))
    shown = watches if len(watches) <= _MOST_LINES else watches[: _MOST_LINES - 1]
    return WarehouseCard(
        name=warehouse.name,
        letter=letter,
        watches=shown,
        more=len(watches) - len(shown),
        phase=phase,
        word=word,
        text=warehouse.message,
        checked_at=warehouse.checked_at,
        next_at=warehouse.due_at,
        is_checking=phase == "Refreshing",
    )


def status_of(warehouse: Warehouse) -> tuple[str, str]:
    """Status word for the icon, and the word that people read."""
    if warehouse.phase == WarehousePhase.CHECKING:
        return _WORDS[WarehousePhase.CHECKING]
    if warehouse.refresh_requested_at is not None:
        return "Refreshing", "Refresh asked"
    return _WORDS[WarehousePhase(warehouse.phase)]


def _listed(warehouse: Warehouse) -> list[tuple[str, str]]:
    """What the manifest lists, before the first check has made rows of it."""
    return [
        (kind, part["repoURL"])
        for item in warehouse.spec["subscriptions"]
        for kind, part in item.items()
        if kind != "name" and part is not None
    ]
