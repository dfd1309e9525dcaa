"""The page of one piece of freight: what is in it, and how far did it get?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from freight.models import Artifact, ArtifactKind, Freight
from freight.queries.origins import letter_of, read_letters
from projects.access import Action, Rights
from projects.errors import ObjectNotFound
from projects.models import Project
from promotions.gates import Gate, ProjectFacts, evaluate_gates, is_open
from promotions.models import FreightApproval, FreightVerification, Occupancy, Stage
from promotions.queries.freight_artifacts import ICONS, commit_link, key_of, name_of
from promotions.queries.gate_lines import GateLine, describe_gates
from promotions.queries.stage_states import HEAVY, who_asked


@dataclass(frozen=True, slots=True)
class ArtifactRow:
    """One artifact in full; `facts`: (what, value) of what is known beyond its version."""

    kind: str
    repo: str
    version: str
    full: str
    is_changed: bool
    subject: str
    author: str
    url: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Stop:
    """One stay in a stage, or that it was verified or approved there without one."""

    stage: str
    code: str
    depth: int
    is_control_flow: bool
    arrived_at: datetime | None
    left_at: datetime | None
    verified_at: datetime | None
    who: str
    number: int
    # "by Alice: hotfix", when it was approved past the upstream stages.
    approved: str


@dataclass(frozen=True, slots=True)
class StageGates:
    """A stage that it is not in: may it enter? Approving it is offered when only its upstream says no."""

    stage: str
    code: str
    depth: int
    is_open: bool
    may_promote: bool
    can_approve: bool
    gates: tuple[GateLine, ...]
    first_closed: str


@dataclass(frozen=True, slots=True)
class FreightView:
    """All that the page shows. `raw` is the freight as Kargo would show it."""

    freight: Freight
    letter: str
    previous: str
    artifacts: tuple[ArtifactRow, ...]
    journey: tuple[Stop, ...]
    gates: tuple[StageGates, ...]
    metadata: tuple[tuple[str, Any], ...]
    raw: dict[str, Any]


def get_freight(project: Project, key: str) -> Freight:
    """Freight by its alias or its name. Raises ObjectNotFound."""
    rows = Freight.objects.filter(project=project).select_related("project").prefetch_related("artifacts")
    freight = rows.filter(alias=key).first() or rows.filter(name=key).first()
    if freight is None:
        raise ObjectNotFound(f'There is no freight "{key}" in project "{project.name}".')
    return freight


def read_freight(freight: Freight, rights: Rights, *, now: datetime) -> FreightView:
    """The page of one piece of freight for a person with these rights."""
    project = freight.project
    older = Freight.objects.filter(
        project=project, warehouse_name=freight.warehouse_name, discovered_at__lt=freight.discovered_at
    )
    previous = older.prefetch_related("artifacts").first()
    before = list(previous.artifacts.all()) if previous else None
    stages = list(project.stages.defer("source"))
    facts = ProjectFacts.load(project, freight_ids=[freight.pk])
    elsewhere = [s for s in stages if not s.is_control_flow and s.name not in facts.marks_of(freight).present]
    artifacts = list(freight.artifacts.all())
    return FreightView(
        freight=freight,
        letter=letter_of(read_letters(project), freight.warehouse_name),
        previous=previous.alias if previous else "",
        artifacts=tuple(_artifact(artifact, before) for artifact in artifacts),
        journey=tuple(_read_journey(freight, stages)),
        gates=tuple(
            _stage_gates(stage, evaluate_gates(facts, stage, freight, rights=rights, now=now), rights)
            for stage in elsewhere
            if freight.origin in stage.origins
        ),
        metadata=tuple(sorted(freight.metadata.items())),
        raw=_raw(freight, artifacts),
    )


def _stage_gates(stage: Stage, gates: Sequence[Gate], rights: Rights) -> StageGates:
    lines = describe_gates(gates)
    closed = [gate for gate in gates if not gate.is_open]
    is_shut_by_upstream = any(gate.kind == "availability" for gate in closed)
    return StageGates(
        stage=stage.name,
        code=stage.code,
        depth=stage.depth,
        is_open=is_open(gates),
        may_promote=rights.allows(Action.PROMOTE, stage.name),
        can_approve=is_shut_by_upstream and rights.allows(Action.BYPASS, stage.name),
        gates=lines,
        first_closed=closed[0].text if closed else "",
    )


def _artifact(artifact: Artifact, previous: Sequence[Artifact] | None) -> ArtifactRow:
    before = {} if previous is None else {key_of(other): other.short_version for other in previous}
    facts = [
        ("branch", artifact.branch),
        ("digest", artifact.digest),
        ("subscription", artifact.subscription_name),
        ("type", artifact.artifact_type),
        ("committer", artifact.committer if artifact.committer != artifact.author else ""),
        *sorted((key.rpartition(".")[2], str(value)) for key, value in artifact.annotations.items()),
    ]
    is_commit = artifact.kind == ArtifactKind.COMMIT
    return ArtifactRow(
        kind=ICONS[ArtifactKind(artifact.kind)],
        repo=name_of(artifact),
        version=artifact.short_version,
        full=artifact.commit_id or artifact.digest or artifact.version,
        is_changed=previous is not None and before.get(key_of(artifact)) != artifact.short_version,
        subject=artifact.message,
        author=artifact.author,
        url=commit_link(artifact) if is_commit else "",
        facts=tuple((what, value) for what, value in facts if value),
    )


def _read_journey(freight: Freight, stages: Sequence[Stage]) -> list[Stop]:
    """Stays in the order of the map, the latest of a stage first; then stages that only marked it."""
    stays: dict[int, list[Occupancy]] = {}
    for stay in freight.occupancies.select_related("promotion").defer(*(f"promotion__{column}" for column in HEAVY)):
        stays.setdefault(stay.stage_id, []).append(stay)
    verified = dict(FreightVerification.objects.filter(freight=freight).values_list("stage_id", "verified_at"))
    approved = {row.stage_id: row for row in FreightApproval.objects.filter(freight=freight)}
    stops = []
    for stage in stages:
        is_marked = stage.pk in verified or stage.pk in approved
        own: Sequence[Occupancy | None] = stays.get(stage.pk) or ([None] if is_marked else [])
        stops += [_stop(stage, stay, verified, approved.get(stage.pk)) for stay in own]
    return stops


def _stop(
    stage: Stage, stay: Occupancy | None, verified: Mapping[int, datetime], approval: FreightApproval | None
) -> Stop:
    promotion = stay.promotion if stay else None
    return Stop(
        stage=stage.name,
        code=stage.code,
        depth=stage.depth,
        is_control_flow=stage.is_control_flow,
        arrived_at=stay.since if stay else None,
        left_at=stay.until if stay else None,
        verified_at=verified.get(stage.pk),
        who=who_asked(promotion),
        number=promotion.number if promotion else 0,
        approved=f"by {approval.approved_by}: {approval.reason}" if approval else "",
    )


def _raw(freight: Freight, artifacts: Sequence[Artifact]) -> dict[str, Any]:
    kept = ("commit_id", "branch", "tag", "digest", "version", "chart_name", "artifact_type", "message", "author")
    return {
        "name": freight.name,
        "alias": freight.alias,
        "origin": freight.origin,
        "discoveredAt": freight.discovered_at.isoformat(),
        "createdBy": freight.created_by,
        "labels": freight.labels,
        "annotations": freight.annotations,
        "artifacts": [
            {"kind": artifact.kind, "repoURL": artifact.repo_url}
            | {name: value for name in kept if (value := getattr(artifact, name))}
            | ({"annotations": artifact.annotations} if artifact.annotations else {})
            for artifact in artifacts
        ],
    }
