"""What the gates need to know of one project, read in a constant number of queries."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from freight.models import Freight
from projects.models import Project, Role, RoleGrant
from promotions.gates.availability import FreightMarks, FreightRequest
from promotions.models import FreightApproval, FreightVerification, Occupancy, Stage

# A longer list of ids costs the database more than sending every mark of the project.
_MOST_IDS = 5000


@dataclass(frozen=True, slots=True)
class ProjectFacts:
    """Stages of a project and the marks of its freight; keys of the mappings are primary keys of freight."""

    # name -> is it a control-flow stage.
    stages: Mapping[str, bool]
    owners: tuple[str, ...]
    # None: marks of all freight were loaded.
    freight_ids: frozenset[int] | None
    marks: Mapping[int, FreightMarks]

    @classmethod
    def load(cls, project: Project, *, freight_ids: Collection[int] | None = None) -> "ProjectFacts":
        """Read the marks of the freight given, or of all freight of the project. Five queries at any size."""
        stages = list(Stage.objects.filter(project=project).only("name", "spec"))
        names = {stage.pk: stage.name for stage in stages}
        wanted = None if freight_ids is None or len(freight_ids) > _MOST_IDS else frozenset(freight_ids)
        grants = RoleGrant.objects.filter(member__project=project, role=Role.OWNER)
        owners = grants.order_by("member__user__username").values_list("member__user__username", flat=True)
        return cls(
            stages={stage.name: stage.is_control_flow for stage in stages},
            owners=tuple(owners),
            freight_ids=wanted,
            marks=_read_marks(project, names, wanted),
        )

    def marks_of(self, freight: Freight) -> FreightMarks:
        """The marks of freight that was asked for. Raises LookupError for other freight."""
        if self.freight_ids is not None and freight.pk not in self.freight_ids:
            raise LookupError(f"the facts were loaded without freight {freight.pk}")
        return self.marks.get(freight.pk, _NO_MARKS)


_NO_MARKS = FreightMarks()


def list_requests(stage: Stage) -> tuple[FreightRequest, ...]:
    """What a stage asks for, in the order of its manifest."""
    return tuple(FreightRequest.from_spec(requested) for requested in stage.requested_freight)


def _read_marks(
    project: Project, names: Mapping[int, str], freight_ids: frozenset[int] | None
) -> dict[int, FreightMarks]:
    scope = (
        Q(stage__project=project) if freight_ids is None else Q(stage__project=project, freight_id__in=freight_ids)
    )
    # A stage made since the stages were read is left out: names.get.
    verified: dict[int, dict[str, timedelta]] = {}
    verifications = FreightVerification.objects.filter(scope)
    for freight_id, stage_id, soak in verifications.values_list("freight_id", "stage_id", "longest_soak"):
        if stage := names.get(stage_id):
            verified.setdefault(freight_id, {})[stage] = soak or timedelta()

    present: dict[int, dict[str, datetime]] = {}
    stays = Occupancy.objects.filter(scope, until__isnull=True).order_by()
    for freight_id, stage_id, since in stays.values_list("freight_id", "stage_id", "since"):
        if stage := names.get(stage_id):
            present.setdefault(freight_id, {})[stage] = since

    approved: dict[int, set[str]] = {}
    approvals = FreightApproval.objects.filter(scope)
    for freight_id, stage_id in approvals.values_list("freight_id", "stage_id"):
        if stage := names.get(stage_id):
            approved.setdefault(freight_id, set()).add(stage)

    return {
        freight_id: FreightMarks(
            verified=verified.get(freight_id, {}),
            present=present.get(freight_id, {}),
            approved=frozenset(approved.get(freight_id, ())),
        )
        for freight_id in verified.keys() | present.keys() | approved.keys()
    }
