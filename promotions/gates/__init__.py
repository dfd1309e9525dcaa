"""Gates: may freight enter a stage, and if not, why. What other wings may use is named here."""

from promotions.gates.candidates import find_candidate, list_offered
from promotions.gates.evaluation import evaluate_gates, is_available, list_eligible
from promotions.gates.facts import ProjectFacts
from promotions.gates.gate import Gate, GateKind, GateState, first_closed, is_open
from promotions.gates.policies import find_policy, is_auto_promoted, selects

__all__ = [
    "Gate",
    "GateKind",
    "GateState",
    "ProjectFacts",
    "evaluate_gates",
    "find_candidate",
    "find_policy",
    "first_closed",
    "is_auto_promoted",
    "is_available",
    "is_open",
    "list_eligible",
    "list_offered",
    "selects",
]
