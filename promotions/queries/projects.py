"""What the list of projects shows: a row each, exceptions first, in a fixed number of queries."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import F

from freight.models import Artifact
from projects.models import Member, Project, Role
from promotions.models import Health, Occupancy, Promotion, Stage, Verification
from promotions.phases import Phase, VerificationPhase

# More marks than this do not fit beside the name; the rest is counted.
_MARKS = 14
FAILED_WORDS = frozenset({"Failed", "Errored", "Unhealthy"})
RUNNING_WORDS = frozenset({"Running", "Verifying", "Queued", "Progressing"})
_ENDED_BADLY = {Phase.FAILED: "Failed", Phase.ERRORED: "Errored", Phase.ABORTED: "Aborted"}
_VERIFYING = frozenset({VerificationPhase.PENDING, VerificationPhase.RUNNING})
_REFUSED = frozenset({VerificationPhase.FAILED, VerificationPhase.ERROR})


@dataclass(frozen=True, slots=True)
class StageMark:
    """One stage of the mini-map; `phase` is a status word."""

    name: str
    code: str
    depth: int
    phase: str


@dataclass(frozen=True, slots=True)
class Production:
    """What the deepest stage holds; `versions` are the short versions of its artifacts."""

    stage: StageMark
    freight: str
    versions: tuple[str, ...]
    since: datetime


@dataclass(frozen=True, slots=True)
class ProjectRow:
    """One project. `attention` is failed, running or empty, the worst of its stages."""

    name: str
    description: str
    marks: tuple[StageMark, ...]
    hidden_marks: int
    production: Production | None
    last: Promotion | None
    attention: str


@dataclass(frozen=True, slots=True)
class ProjectList:
    """Rows after filtering; the counts are of all projects the person sees."""

    rows: tuple[ProjectRow, ...]
    total: int
    failed: int
    running: int


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the marks are made of, by stage."""

    queued: frozenset[int | None]
    verifications: Mapping[int, Verification]
    held: Mapping[int, Sequence[Occupancy]]


def list_projects(user: User, *, text: str = "", show: str = "") -> ProjectList:
    """The projects a person may see; `text` is part of a name or description, `show` is failed or running."""
    seen = Project.objects.order_by("name")
    if not user.is_superuser:
        seen = seen.filter(members__user=user)
    rows = _rows(list(seen))
    order = {"failed": 0, "running": 1, "": 2}
    wanted = text.strip().lower()
    return ProjectList(
        rows=tuple(
            sorted(
                (
                    row
                    for row in rows
                    if wanted in f"{row.name} {row.description}".lower() and show in ("", row.attention)
                ),
                key=lambda row: (order[row.attention], row.name),
            )
        ),
        total=len(rows),
        failed=sum(row.attention == "failed" for row in rows),
        running=sum(row.attention == "running" for row in rows),
    )


def list_people_to_ask() -> list[str]:
    """Who can let a person without any project in: system administrators, else owners of projects."""
    active = User.objects.filter(is_active=True)
    admins = active.filter(is_superuser=True)
    owners = active.filter(pk__in=Member.objects.filter(grants__role=Role.OWNER).values("user_id"))
    return [*(admins if admins.exists() else owners).order_by("username").values_list("username", flat=True)[:5]]


def _rows(projects: Sequence[Project]) -> list[ProjectRow]:
    stages = list(
        Stage.objects.filter(project__in=projects)
        .select_related("current_promotion", "last_promotion")
        .order_by("project_id", "column", "row", "name")
    )
    by_project: dict[int, list[Stage]] = {}
    for stage in stages:
        if not stage.is_control_flow:
            by_project.setdefault(stage.project_id, []).append(stage)
    facts = _load_facts(projects, stages)
    newest = Promotion.objects.filter(project__in=projects, number=F("project__last_promotion_number"))
    last = {promotion.project_id: promotion for promotion in newest}
    deepest = {key: _find_production(own, facts.held) for key, own in by_project.items()}
    versions = _load_versions([found[1].freight_id for found in deepest.values() if found])
    rows = []
    for project in projects:
        marks = {stage.pk: _mark(stage, facts) for stage in by_project.get(project.pk, ())}
        found = deepest.get(project.pk)
        rows.append(
            ProjectRow(
                name=project.name,
                description=project.description,
                marks=tuple(marks.values())[:_MARKS],
                hidden_marks=max(0, len(marks) - _MARKS),
                production=_production(marks[found[0].pk], found[1], versions) if found else None,
                last=last.get(project.pk),
                attention=_attention(marks.values()),
            )
        )
    return rows


def _load_facts(projects: Sequence[Project], stages: Sequence[Stage]) -> _Facts:
    pending = Promotion.objects.filter(project__in=projects, phase=Phase.PENDING)
    open_stays = Occupancy.objects.filter(stage__project__in=projects, until=None).select_related("freight")
    held: dict[int, list[Occupancy]] = {}
    for stay in open_stays:
        held.setdefault(stay.stage_id, []).append(stay)
    verifications: dict[int, Verification] = {}
    ended = [stage.last_promotion_id for stage in stages if stage.last_promotion_id]
    # Newest first, so the first of a stage is the one that counts.
    for verification in Verification.objects.filter(promotion__in=ended):
        verifications.setdefault(verification.stage_id, verification)
    return _Facts(frozenset(pending.values_list("stage_id", flat=True)), verifications, held)


def _mark(stage: Stage, facts: _Facts) -> StageMark:
    return StageMark(stage.name, stage.code, stage.depth, _word(stage, facts))


def _word(stage: Stage, facts: _Facts) -> str:
    """The status word of a stage: what happens now, then what went wrong, then what is well."""
    verification = facts.verifications.get(stage.pk)
    last = stage.last_promotion
    if stage.current_promotion and stage.current_promotion.is_live:
        return "Running"
    if stage.pk in facts.queued:
        return "Queued"
    if last and last.phase in _ENDED_BADLY:
        return _ENDED_BADLY[Phase(last.phase)]
    if verification and verification.phase in _REFUSED:
        return "Failed"
    if verification and verification.phase in _VERIFYING:
        return "Verifying"
    if stage.health in (Health.UNHEALTHY, Health.PROGRESSING):
        return str(stage.health)
    if stage.pk not in facts.held:
        return "Empty"
    return "Verified" if verification and verification.phase == VerificationPhase.SUCCESSFUL else "Succeeded"


def _attention(marks: Iterable[StageMark]) -> str:
    words = {mark.phase for mark in marks}
    if words & FAILED_WORDS:
        return "failed"
    return "running" if words & RUNNING_WORDS else ""


def _find_production(
    stages: Sequence[Stage], held: Mapping[int, Sequence[Occupancy]]
) -> tuple[Stage, Occupancy] | None:
    """The newest stay in the last column of stages; None while nothing has come that far."""
    last_column = max(stage.column for stage in stages)
    stays = [(stage, stay) for stage in stages if stage.column == last_column for stay in held.get(stage.pk, ())]
    return max(stays, key=lambda pair: pair[1].since, default=None)


def _load_versions(freight_ids: Sequence[int]) -> dict[int, list[str]]:
    versions: dict[int, list[str]] = {}
    for artifact in Artifact.objects.filter(freight__in=freight_ids):
        versions.setdefault(artifact.freight_id, []).append(artifact.short_version)
    return versions


def _production(mark: StageMark, stay: Occupancy, versions: Mapping[int, list[str]]) -> Production:
    return Production(mark, stay.freight.alias, tuple(versions.get(stay.freight_id, ())[:3]), stay.since)
