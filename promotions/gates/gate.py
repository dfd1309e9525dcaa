"""What a gate is: one reason why freight may, may not or may not yet enter a stage. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class GateKind(StrEnum):
    """Every gate, in the order in which people read them."""

    ORIGIN = "origin"
    AVAILABILITY = "availability"
    PERMISSION = "permission"


class GateState(StrEnum):
    """Waiting: time or somebody's work will open it. Failed: it stays shut until something is changed."""

    PASSED = "passed"
    WAITING = "waiting"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate as people see it.

    `since`: when what it waits for began. `until`: when it opens, if that is known.
    """

    kind: GateKind
    state: GateState
    text: str
    since: datetime | None = None
    until: datetime | None = None
    who_can_help: str = ""

    @property
    def is_open(self) -> bool:
        """True when it lets the freight pass."""
        return self.state is GateState.PASSED


def is_open(gates: Iterable[Gate]) -> bool:
    """True when all gates let the freight pass."""
    return all(gate.is_open for gate in gates)


def first_closed(gates: Iterable[Gate]) -> Gate | None:
    """The first gate that does not let the freight pass, or None."""
    return next((gate for gate in gates if not gate.is_open), None)
