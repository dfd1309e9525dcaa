"""Auto-promotion: each pass over a stage gives it the freight that its policy chooses.

Source: Kargo code, stage controller (autoPromoteFreight); promotions.md of the specification, section 11.
"""

import logging
from datetime import datetime

from projects.actors import controller
from projects.errors import DomainError
from promotions.gates import find_candidate
from promotions.holds import drop_stale, has_auto_promotion, list_effective_holds
from promotions.models import Promotion, Stage
from promotions.phases import Phase
from promotions.requests import request_promotion

logger = logging.getLogger(__name__)

_ACTOR = controller("stage-controller")


def auto_promote(stage: Stage, *, now: datetime) -> datetime | None:
    """Ask for a promotion of each origin's candidate, where it is wanted. In a transaction under the project's lock.

    Returns when to look again, because freight will have soaked enough or a hold ends; None when only news can
    change something.
    """
    if stage.holds.exists():
        drop_stale(stage, now=now)
    if not has_auto_promotion(stage):
        return None
    holds = list_effective_holds(stage, now=now)
    moments = [hold.until for hold in holds.values()]
    for origin in stage.origins:
        if origin in holds:
            continue
        candidate, opens_at = find_candidate(stage, origin, now=now)
        moments.append(opens_at)
        if candidate is None or _is_settled(stage, candidate.name, origin):
            continue
        try:
            request_promotion(_ACTOR, stage, candidate, rights=None, now=now)
        except DomainError as refusal:
            # As when a person is refused; the next pass asks again.
            facts = {"stage": stage.name, "freight": candidate.name, "reason": str(refusal)}
            logger.info("Auto-promotion refused", extra=facts)
    return min((moment for moment in moments if moment), default=None)


def _is_settled(stage: Stage, freight_name: str, origin: str) -> bool:
    """The slot holds it, it is on its way, or it came to a bad end here before: then a person decides."""
    held = stage.occupancies.filter(origin=origin, until__isnull=True, freight__name=freight_name)
    if held.exists():
        return True
    newest: Promotion | None = stage.promotions.filter(freight_name=freight_name).order_by("-number").first()
    if newest is None:
        return False
    return newest.is_live or newest.recorded_at is None or newest.phase != Phase.SUCCEEDED
