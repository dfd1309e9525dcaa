"""Refusals of promotions.

DomainError
    PromotionRefused   the gates said no; carries the gate list
    PhaseConflict      somebody else moved the row first
"""

from projects.errors import DomainError


class PromotionRefused(DomainError):
    """A promotion may not be made now; `gates` (promotions.gates.Gate) say why."""

    def __init__(self, message: str, gates: tuple[object, ...] = ()) -> None:
        super().__init__(message)
        self.gates = gates


class PhaseConflict(DomainError):
    """The row left the expected phase meanwhile."""
