"""Gates as the component `gate_list.html` draws them: closed ones first, each with who or what can help."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from promotions.gates import Gate, GateKind, GateState

_KINDS = {
    GateKind.ORIGIN: "Origin",
    GateKind.AVAILABILITY: "Upstream",
    GateKind.PERMISSION: "Permission",
}
_ORDER = (GateState.FAILED, GateState.WAITING, GateState.PASSED)


@dataclass(frozen=True, slots=True)
class GateLine:
    """One gate. `state` is a status word."""

    kind: str
    state: str
    text: str
    help: str
    until: datetime | None


def describe_gates(gates: Iterable[Gate]) -> tuple[GateLine, ...]:
    """The gates, closed ones first."""
    ranked = sorted(gates, key=lambda gate: _ORDER.index(gate.state))
    return tuple(
        GateLine(_KINDS[gate.kind], gate.state.value.capitalize(), gate.text, _help(gate), gate.until)
        for gate in ranked
    )


def _help(gate: Gate) -> str:
    opens = f"Opens {timezone.localtime(gate.until):%a %d %b, %H:%M}." if gate.until and not gate.is_open else ""
    return " ".join(part for part in (opens, gate.who_can_help) if part)
