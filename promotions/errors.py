"""Refusals of promotions.

DomainError
    PromotionRefused   the gates said no; carries the gate list
    PhaseConflict      somebody else moved the row first
    AnswerRefused      an answer to a step is incomplete; says for each field what is wrong
"""

from projects.errors import DomainError


class PromotionRefused(DomainError):
    """A promotion may not be made now; `gates` (promotions.gates.Gate) say why."""

    def __init__(self, message: str, gates: tuple[object, ...] = ()) -> None:
        super().__init__(message)
        self.gates = gates


class PhaseConflict(DomainError):
    """The row left the expected phase meanwhile."""


class AnswerRefused(DomainError):
    """An answer to a step does not fit. `fields` are those of the form, `values` those that the step asks for."""

    status = 422

    def __init__(self, fields: dict[str, str], values: dict[str, str]) -> None:
        told = {**fields, **values}
        super().__init__("; ".join(f"{name}: {text}" if name else text for name, text in told.items()))
        self.fields = fields
        self.values = values
