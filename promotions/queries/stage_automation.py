"""How auto-promotion stands in a stage, origin by origin."""

from dataclasses import dataclass
from datetime import datetime

from promotions.holds import has_auto_promotion, list_effective_holds
from promotions.models import Stage

_POLICIES = {"NewestFreight": "newest freight", "MatchUpstream": "what the stage above holds"}


@dataclass(frozen=True, slots=True)
class AutomationRow:
    """One origin: what automation takes, or who holds it back since when and why."""

    key: str
    origin: str
    takes: str
    is_held: bool = False
    held_by: str = ""
    since: datetime | None = None
    until: datetime | None = None
    reason: str = ""
    freight: str = ""


def read_automation(stage: Stage, *, now: datetime) -> tuple[AutomationRow, ...]:
    """A row for each requested origin; none when auto-promotion is off for the stage."""
    if not has_auto_promotion(stage):
        return ()
    holds = list_effective_holds(stage, now=now)
    chosen = {hold.freight_name for hold in holds.values()}
    aliases = dict(stage.project.freight.filter(name__in=chosen).values_list("name", "alias"))
    rows = []
    for requested in stage.requested_freight:
        key = f"{requested['origin']['kind']}/{requested['origin']['name']}"
        options = requested["sources"].get("autoPromotionOptions") or {}
        takes = _POLICIES[options.get("selectionPolicy") or "NewestFreight"]
        hold = holds.get(key)
        if hold is None:
            rows.append(AutomationRow(key, requested["origin"]["name"], takes))
            continue
        rows.append(
            AutomationRow(
                key,
                requested["origin"]["name"],
                takes,
                is_held=True,
                held_by=hold.actor_name,
                since=hold.since,
                until=hold.until,
                reason=hold.reason,
                freight=aliases.get(hold.freight_name, ""),
            )
        )
    return tuple(rows)
