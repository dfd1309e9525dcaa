"""The list of a project's promotions: what moves now on top, then the ended ones, newest first."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, OuterRef, QuerySet, Subquery

from freight.models import Artifact
from projects.models import Project
from promotions.models import Promotion, StepRun
from promotions.phases import LIVE, TERMINAL, Phase, StepStatus

_PAGE = 50
_MOST_LIVE = 100
_MOST_PEOPLE = 200


@dataclass(frozen=True, slots=True)
class Filters:
    """What the person wants to see; empty means all."""

    status: str = ""
    stage: str = ""
    person: str = ""

    @property
    def is_set(self) -> bool:
        """True when anything is left out."""
        return bool(self.status or self.stage or self.person)


@dataclass(frozen=True, slots=True)
class PromotionRow:
    """One line. `old` and `new` are those of the first artifact that changes; `more` counts the others."""

    promotion: Promotion
    code: str
    depth: int | None
    word: str
    old: str
    new: str
    more: int
    took: timedelta | None
    elapsed_seconds: int | None
    steps_done: int
    steps_total: int


@dataclass(frozen=True, slots=True)
class PromotionTable:
    """A page of the list. `older` is where the next page begins; None on the last."""

    live: tuple[PromotionRow, ...]
    ended: tuple[PromotionRow, ...]
    older: int | None
    running: int
    queued: int


def read_table(project: Project, filters: Filters, *, before: int | None, now: datetime) -> PromotionTable:
    """The newest page, or the one with numbers below `before`, which holds ended promotions alone."""
    rows = _filtered(project, filters)
    live = [] if before else list(rows.filter(phase__in=LIVE).order_by("-phase", "number")[:_MOST_LIVE])
    past = rows.filter(phase__in=TERMINAL).order_by("-number")
    if before:
        past = past.filter(number__lt=before)
    ended = list(past[: _PAGE + 1])
    older = ended[_PAGE - 1].number if len(ended) > _PAGE else None
    shown = [*live, *ended[:_PAGE]]
    versions = _versions(_freight_ids(shown))
    done = _count_finished_steps(live)
    lines = [_row(promotion, versions, done.get(promotion.pk, 0), now) for promotion in shown]
    return PromotionTable(
        live=tuple(lines[: len(live)]),
        ended=tuple(lines[len(live) :]),
        older=older,
        running=sum(promotion.phase == Phase.RUNNING for promotion in live),
        queued=sum(promotion.phase == Phase.PENDING for promotion in live),
    )


def list_stage_names(project: Project) -> list[str]:
    """Stages that promotions of this project name, those deleted since included."""
    names = Promotion.objects.filter(project=project).order_by("stage_name")
    return list(names.values_list("stage_name", flat=True).distinct())


def list_people(project: Project) -> list[str]:
    """Who asked for promotions of this project."""
    names = Promotion.objects.filter(project=project).order_by("actor_name")
    return list(names.values_list("actor_name", flat=True).distinct()[:_MOST_PEOPLE])


def _filtered(project: Project, filters: Filters) -> QuerySet[Promotion]:
    rows = (
        Promotion.objects.filter(project=project).select_related("stage").defer("sealed_state", "collection", "vars")
    )
    if filters.status == "live":
        rows = rows.filter(phase__in=LIVE)
    elif filters.status:
        rows = rows.filter(phase=filters.status)
    if filters.stage:
        rows = rows.filter(stage_name=filters.stage)
    if filters.person:
        rows = rows.filter(actor_name__icontains=filters.person)
    before = Promotion.objects.filter(
        project=project,
        stage_name=OuterRef("stage_name"),
        origin=OuterRef("origin"),
        phase=Phase.SUCCEEDED,
        number__lt=OuterRef("number"),
    ).order_by("-number")
    return rows.annotate(freight_before=Subquery(before.values("freight_id")[:1]))


def _count_finished_steps(promotions: Iterable[Promotion]) -> dict[int, int]:
    runs = StepRun.objects.filter(promotion__in=[promotion.pk for promotion in promotions]).order_by()
    done = runs.exclude(status__in=(StepStatus.NOT_REACHED, StepStatus.RUNNING))
    return dict(done.values("promotion_id").annotate(count=Count("pk")).values_list("promotion_id", "count"))


def _freight_ids(rows: Iterable[Promotion]) -> set[int]:
    ids = {row.freight_id for row in rows} | {getattr(row, "freight_before", None) for row in rows}
    return {pk for pk in ids if pk is not None}


def _versions(freight_ids: set[int]) -> dict[int, dict[tuple[str, str], str]]:
    """{freight: {(repository, subscription): version}}."""
    found: dict[int, dict[tuple[str, str], str]] = {}
    # Images and charts say more to people than commits do.
    order = {kind: rank for rank, kind in enumerate(("image", "chart", "other", "commit"))}
    artifacts = Artifact.objects.filter(freight_id__in=freight_ids)
    for artifact in sorted(artifacts, key=lambda found: (order[found.kind], found.position)):
        key = (artifact.repo_url or artifact.artifact_type, artifact.subscription_name or artifact.chart_name)
        found.setdefault(artifact.freight_id, {})[key] = artifact.short_version
    return found


def _row(
    promotion: Promotion, versions: Mapping[int, Mapping[tuple[str, str], str]], done: int, now: datetime
) -> PromotionRow:
    new = versions.get(promotion.freight_id or 0, {})
    old = versions.get(getattr(promotion, "freight_before", None) or 0, {})
    pairs: Sequence[tuple[str, str]] = [(old.get(key, ""), version) for key, version in new.items()]
    changed = [pair for pair in pairs if pair[0] != pair[1]] or list(pairs[:1])
    first = changed[0] if changed else ("", "")
    is_running = promotion.phase == Phase.RUNNING
    end = promotion.finished_at or (now if is_running else None)
    took = end - promotion.started_at if end and promotion.started_at else None
    return PromotionRow(
        promotion=promotion,
        code=promotion.stage.code if promotion.stage else "",
        depth=promotion.stage.depth if promotion.stage else None,
        word="Aborting" if promotion.is_live and promotion.abort_requested_at else Phase(promotion.phase).label,
        old=first[0],
        new=first[1],
        more=max(0, len(changed) - 1),
        took=took,
        elapsed_seconds=int(took.total_seconds()) if is_running and took else None,
        steps_done=done,
        steps_total=len(promotion.steps),
    )
