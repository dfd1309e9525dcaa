"""Gates: may freight enter a stage, and if not, why. What other wings may use is named here."""

from promotions.gates.evaluation import evaluate_gates, is_available, list_eligible
from promotions.gates.facts import ProjectFacts
from promotions.gates.gate import Gate, GateKind, GateState, first_closed, is_open

__all__ = [
    "Gate",
    "GateKind",
    "GateState",
    "ProjectFacts",
    "evaluate_gates",
    "first_closed",
    "is_available",
    "is_open",
    "list_eligible",
]
