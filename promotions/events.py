"""Events of promotions and freight in stages, with the data that Kargo's event reference lists.

Source: Kargo docs, event reference. An end has the actor who asked for it; the message names who aborted.
"""

from datetime import datetime
from typing import Any

from freight.models import Freight
from projects.events import record_event
from promotions.models import Promotion, Stage, Verification
from promotions.phases import Phase, VerificationPhase

_CONTROLLER = "controller:promotion-controller"
_OF_VERIFICATION = {
    VerificationPhase.SUCCESSFUL: "Succeeded",
    VerificationPhase.FAILED: "Failed",
    VerificationPhase.ERROR: "Errored",
    VerificationPhase.ABORTED: "Aborted",
    VerificationPhase.INCONCLUSIVE: "Inconclusive",
}


def record_promotion_event(promotion: Promotion, kind: str, *, message: str, now: datetime) -> None:
    """Record `Promotion<kind>`: Created, Retried, or a terminal phase."""
    freight = promotion.freight
    data: dict[str, Any] = {
        "name": promotion.name,
        "number": promotion.number,
        "stageName": promotion.stage_name,
        "createTime": promotion.created_at.isoformat(),
        "rollback": promotion.is_rollback,
        "freight": _freight_data(freight) if freight else {"name": promotion.freight_name},
    }
    if kind == Phase.SUCCEEDED and promotion.stage is not None:
        data["verificationPending"] = promotion.stage.spec.get("verification") is not None
    applications = [
        app
        for check in promotion.health_checks
        if check["uses"] == "argocd-update"
        for app in check["config"].get("apps") or ()
    ]
    if applications:
        data["applications"] = [{"name": app["name"], "namespace": app.get("namespace", "")} for app in applications]
    record_event(
        promotion.project,
        f"Promotion{kind}",
        message=message,
        actor_label=promotion.actor_label or _CONTROLLER,
        target_kind="promotion",
        target_name=f"#{promotion.number}",
        data=data,
        now=now,
    )


def record_approval_event(stage: Stage, freight: Freight, *, actor_label: str, now: datetime) -> None:
    """Record `FreightApproved`: it may enter a stage whatever its upstream says."""
    record_event(
        stage.project,
        "FreightApproved",
        message=f'Freight "{freight.alias}" approved for Stage "{stage.name}"',
        actor_label=actor_label,
        target_kind="freight",
        target_name=freight.alias,
        data={"stageName": stage.name, "freight": _freight_data(freight)},
        now=now,
    )


def record_verification_event(verification: Verification, freight: Freight, *, now: datetime) -> None:
    """Record `FreightVerification<result>` of one piece of freight, when the verification has ended."""
    stage = verification.stage
    result = _OF_VERIFICATION.get(VerificationPhase(verification.phase), "Unknown")
    record_event(
        stage.project,
        f"FreightVerification{result}",
        message=verification.message or f'Freight "{freight.alias}" verified in Stage "{stage.name}": {result}',
        actor_label=_CONTROLLER,
        target_kind="freight",
        target_name=freight.alias,
        data={
            "stageName": stage.name,
            "startTime": verification.started_at.isoformat(),
            "finishTime": verification.finished_at.isoformat() if verification.finished_at else None,
            "freight": _freight_data(freight),
        },
        now=now,
    )


def _freight_data(freight: Freight) -> dict[str, Any]:
    """The freight's id, alias, time and origin; its artifacts never change and are read from the freight itself."""
    return {
        "name": freight.name,
        "alias": freight.alias,
        "createTime": freight.discovered_at.isoformat(),
        "warehouseName": freight.warehouse_name,
    }
