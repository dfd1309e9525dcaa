"""Which freight auto-promotion would choose for one origin of a stage.

Source: Kargo code, stage controller (auto-promotion candidates); Kargo docs, Projects, promotion policies.
"""

from datetime import datetime
from itertools import islice

from django.db.models import Q, QuerySet

from freight.models import Freight
from promotions.gates.availability import FreightRequest, judge_availability
from promotions.gates.facts import ProjectFacts
from promotions.models import Occupancy, Stage

# Freight that soaks or waits is passed over; so many are looked at before the rest counts as too old to matter.
_LOOKED_AT = 200


def list_offered(stage: Stage) -> QuerySet[Freight]:
    """Freight that the stage's sources could give it: of a direct warehouse, verified upstream, or approved."""
    wanted = Q(approvals__stage=stage)
    for request in stage.requested_freight:
        origin = Q(warehouse_name=request["origin"]["name"])
        if request["sources"].get("direct"):
            wanted |= origin
        else:
            wanted |= origin & Q(verifications__stage__name__in=request["sources"].get("stages") or ())
    return Freight.objects.filter(wanted, project_id=stage.project_id).distinct()


def find_candidate(stage: Stage, origin: str, *, now: datetime) -> tuple[Freight | None, datetime | None]:
    """The freight that auto-promotion would take now, and when a newer one will have soaked enough.

    `origin` is an origin key that the stage requests. None when nothing is available, or when the upstream stage
    to match is between two pieces of freight.
    """
    requested = next(r for r in stage.requested_freight if f"{r['origin']['kind']}/{r['origin']['name']}" == origin)
    options = requested["sources"].get("autoPromotionOptions") or {}
    offered = list_offered(stage).filter(warehouse_name=requested["origin"]["name"])
    if options.get("selectionPolicy") == "MatchUpstream":
        present = _list_present(stage, requested["sources"]["stages"][0], origin)
        if len(present) != 1:
            return None, None
        offered = offered.filter(pk__in=present)
    newest = list(islice(offered.order_by("-discovered_at", "-name"), _LOOKED_AT))
    facts = ProjectFacts.load(stage.project, freight_ids=[freight.pk for freight in newest])
    request = FreightRequest.from_spec(requested)
    opens_at: datetime | None = None
    for freight in newest:
        marks = facts.marks_of(freight)
        gate = judge_availability(stage.name, request, marks, known_stages=facts.stages, now=now)
        if gate.is_open:
            return freight, opens_at
        if gate.until is not None:
            opens_at = min(opens_at or gate.until, gate.until)
    return None, opens_at


def _list_present(stage: Stage, upstream: str, origin: str) -> list[int]:
    stays = Occupancy.objects.filter(
        stage__project_id=stage.project_id, stage__name=upstream, origin=origin, until__isnull=True
    )
    return list(stays.values_list("freight_id", flat=True))
