"""The one list of gates: may this freight enter this stage now, and if not, why, until when, who can help.

Pages, API, automation and the engine's re-check all ask here; nothing else decides.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from freight.models import Freight
from projects.access import ROLES_WITH, Action, Rights
from projects.models import Role
from promotions.gates.availability import FreightRequest, judge_availability
from promotions.gates.facts import ProjectFacts, list_requests
from promotions.gates.gate import Gate, GateKind, GateState
from promotions.models import Stage


def evaluate_gates(
    facts: ProjectFacts, stage: Stage, freight: Freight, *, rights: Rights | None, now: datetime
) -> tuple[Gate, ...]:
    """Every gate between the freight and the stage, in a fixed order.

    `rights` of the person who asks; None is our own automation, which needs none. The availability gate is
    left out when the stage does not take freight of that origin.
    """
    request = _find_request(stage, list_requests(stage), freight)
    gates = [_judge_origin(facts, stage, freight, request)]
    if request is not None:
        gates.append(_judge_availability(facts, stage, freight, request, now))
    gates.append(_judge_permission(facts, stage, rights))
    return tuple(gates)


def is_available(facts: ProjectFacts, stage: Stage, freight: Freight, now: datetime) -> bool:
    """Does the stage want the freight, and do its sources give it? Asks no rights; fits control-flow too."""
    return _is_available(facts, stage, list_requests(stage), freight, now)


def list_eligible(
    facts: ProjectFacts,
    stage: Stage,
    freight_list: Sequence[Freight],
    *,
    rights: Rights | None,
    now: datetime,
) -> list[Freight]:
    """Those of `freight_list`, in their order, that could be promoted to the stage now."""
    if stage.is_control_flow or not _judge_permission(facts, stage, rights).is_open:
        return []
    requests = list_requests(stage)
    return [freight for freight in freight_list if _is_available(facts, stage, requests, freight, now)]


def _is_available(
    facts: ProjectFacts, stage: Stage, requests: Sequence[FreightRequest], freight: Freight, now: datetime
) -> bool:
    request = _find_request(stage, requests, freight)
    if request is None:
        return False
    marks = facts.marks_of(freight)
    return judge_availability(stage.name, request, marks, known_stages=facts.stages, now=now).is_open


def _find_request(stage: Stage, requests: Sequence[FreightRequest], freight: Freight) -> FreightRequest | None:
    if freight.project_id != stage.project_id:
        return None
    return next((request for request in requests if request.origin == freight.origin), None)


def _judge_origin(facts: ProjectFacts, stage: Stage, freight: Freight, request: FreightRequest | None) -> Gate:
    if freight.project_id != stage.project_id:
        text = f'Freight "{freight.alias}" belongs to another project'
        return Gate(GateKind.ORIGIN, GateState.FAILED, text)
    warehouse = freight.warehouse_name
    if request is None:
        text = f'Stage "{stage.name}" does not take freight of warehouse "{warehouse}"'
        help_text = f"A Maintainer can add it to the freight that the stage requests.{_owners(facts)}"
        return Gate(GateKind.ORIGIN, GateState.FAILED, text, who_can_help=help_text)
    if stage.is_control_flow:
        text = f'Stage "{stage.name}" takes no promotions: freight passes through by itself'
        return Gate(GateKind.ORIGIN, GateState.FAILED, text)
    text = f'Stage "{stage.name}" takes freight of warehouse "{warehouse}"'
    return Gate(GateKind.ORIGIN, GateState.PASSED, text)


def _judge_availability(
    facts: ProjectFacts, stage: Stage, freight: Freight, request: FreightRequest, now: datetime
) -> Gate:
    marks = facts.marks_of(freight)
    gate = judge_availability(stage.name, request, marks, known_stages=facts.stages, now=now)
    if gate.is_open:
        return gate
    return replace(gate, who_can_help=f"An Owner can approve it past its upstream stages.{_owners(facts)}")


def _judge_permission(facts: ProjectFacts, stage: Stage, rights: Rights | None) -> Gate:
    if rights is None:
        return Gate(GateKind.PERMISSION, GateState.PASSED, "Automation needs no right")
    if rights.allows(Action.PROMOTE, stage.name):
        return Gate(GateKind.PERMISSION, GateState.PASSED, f'You may promote to "{stage.name}"')
    roles = " or ".join(role.label for role in Role if role in ROLES_WITH[Action.PROMOTE])
    text = f'You may not promote to "{stage.name}": it needs the role {roles} for that stage'
    help_text = f"An Owner can give you the role.{_owners(facts)}"
    return Gate(GateKind.PERMISSION, GateState.FAILED, text, who_can_help=help_text)


def _owners(facts: ProjectFacts) -> str:
    return f" Owners: {', '.join(facts.owners)}." if facts.owners else ""
