"""How the stages of a project stand: what each holds, what runs there, and the word that says it.

Read in a constant number of queries, for the cards of the map, the list and the page of one stage alike.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models.functions import Coalesce

from projects.models import Project
from promotions.models import Health, Occupancy, Promotion, Stage, StepRun, Verification
from promotions.phases import Phase, StepStatus, VerificationPhase

HEAVY = ("steps", "vars", "collection", "health_checks", "sealed_state")
_WENT_WRONG = (StepStatus.FAILED, StepStatus.ERRORED)
_ENDED_BADLY = (Phase.FAILED, Phase.ERRORED, Phase.ABORTED)
_VERIFYING = (VerificationPhase.PENDING, VerificationPhase.RUNNING)


@dataclass(frozen=True, slots=True)
class StageStates:
    """Rows behind the pages; the keys of all mappings are primary keys.

    `stays`: stage -> origin -> what is there, with freight and artifacts. `queued`: stage -> promotions, the next
    first. `runs`: promotion that runs or ended badly -> its step runs. `verifications`: stage -> the newest one.
    """

    stages: tuple[Stage, ...]
    stays: Mapping[int, Mapping[str, Occupancy]]
    queued: Mapping[int, Sequence[Promotion]]
    runs: Mapping[int, Sequence[StepRun]]
    verifications: Mapping[int, Verification]

    @classmethod
    def load(cls, project: Project, *, only: str = "") -> "StageStates":
        """All stages in the order of the map, or the one named `only` (none when there is no such stage)."""
        rows = Stage.objects.filter(project=project).select_related("current_promotion", "last_promotion")
        heavy = [f"{name}__{column}" for name in ("current_promotion", "last_promotion") for column in HEAVY]
        rows = rows.defer("source", *heavy)
        stages = tuple(rows.filter(name=only) if only else rows)
        stays = _read_stays(stages)
        return cls(
            stages=stages,
            stays=stays,
            queued=_read_queued(stages),
            runs=_read_runs(stages),
            verifications=_read_verifications(stages, stays),
        )


@dataclass(frozen=True, slots=True)
class StageStatus:
    """The most urgent thing about a stage. `phase` picks the icon, `word` is read, `text` explains it.

    `done` of `total` steps while a promotion runs; `number` is that of the promotion that it is about.
    """

    phase: str
    word: str
    text: str = ""
    done: int = 0
    total: int = 0
    number: int = 0
    who: str = ""
    at: datetime | None = None
    # While it runs: the step and since when.
    step: str = ""
    elapsed_seconds: int = field(default=0, repr=False)

    @property
    def is_running(self) -> bool:
        """True while a promotion moves."""
        return self.total > 0


def who_asked(promotion: Promotion | None) -> str:
    """Who asked for a promotion: a name, `auto`, or nothing when it is no longer known."""
    if promotion is None:
        return ""
    return promotion.actor_name if promotion.actor_label else "auto"


def find_status(stage: Stage, states: StageStates, *, now: datetime) -> StageStatus:
    """What moves now, then what went wrong, then what is well."""
    current, last = stage.current_promotion, stage.last_promotion
    if current is not None and current.phase == Phase.RUNNING:
        return _running(current, states.runs.get(current.pk, ()), now)
    if queue := states.queued.get(stage.pk):
        text = f"{len(queue)} in the queue" if len(queue) > 1 else f"{queue[0].freight_alias} is next"
        return StageStatus("Queued", "Queued", text, number=queue[0].number, at=queue[0].created_at)
    if last is not None and last.phase in _ENDED_BADLY:
        return _ended_badly(last, states.runs.get(last.pk, ()))
    verification = states.verifications.get(stage.pk)
    who, at = who_asked(last), last.finished_at if last else None
    number = last.number if last else 0
    if verification is not None and verification.phase in _VERIFYING:
        return StageStatus("Verifying", "Verifying", verification.message, number=number, who=who, at=at)
    if stage.health in (Health.UNHEALTHY, Health.PROGRESSING, Health.UNKNOWN):
        issues = "; ".join(map(str, stage.health_issues))
        return StageStatus(str(stage.health), str(stage.health), issues, number=number, who=who, at=at)
    if not states.stays.get(stage.pk):
        return StageStatus("Empty", "Empty", "Nothing was ever promoted here")
    if verification is not None and verification.phase == VerificationPhase.SUCCESSFUL:
        return StageStatus("Verified", "Verified", number=number, who=who, at=at)
    if verification is not None:
        return StageStatus("Failed", "Not verified", verification.message, number=number, who=who, at=at)
    return StageStatus("Succeeded", "Succeeded", number=number, who=who, at=at)


def _running(promotion: Promotion, runs: Sequence[StepRun], now: datetime) -> StageStatus:
    done = sum(run.is_finished for run in runs)
    step = next((run for run in runs if run.status == StepStatus.RUNNING), None)
    total = max(1, len(runs))
    is_aborting = promotion.abort_requested_at is not None
    return StageStatus(
        "Running",
        "Aborting" if is_aborting else f"Running {min(done + 1, total)} of {total}",
        step.message if step else "",
        done=done,
        total=total,
        number=promotion.number,
        step=step.alias if step else "",
        at=promotion.started_at,
        elapsed_seconds=max(0, int((now - promotion.started_at).total_seconds())) if promotion.started_at else 0,
    )


def _ended_badly(promotion: Promotion, runs: Sequence[StepRun]) -> StageStatus:
    culprit = next((run for run in runs if run.status in _WENT_WRONG and not run.continue_on_error), None)
    word = str(promotion.phase)
    if promotion.phase == Phase.ABORTED and promotion.abort_requested_by:
        text = f"by {promotion.abort_requested_by}"
    else:
        text = ": ".join(
            part for part in (culprit.alias.rpartition("::")[2] if culprit else "", promotion.message) if part
        )
    return StageStatus(word, word, text, number=promotion.number, who=who_asked(promotion), at=promotion.finished_at)


def _read_stays(stages: Sequence[Stage]) -> dict[int, dict[str, Occupancy]]:
    rows = Occupancy.objects.filter(stage__in=[stage.pk for stage in stages], until__isnull=True)
    found: dict[int, dict[str, Occupancy]] = {}
    for stay in rows.select_related("freight").prefetch_related("freight__artifacts").order_by():
        found.setdefault(stay.stage_id, {})[stay.origin] = stay
    return found


def _read_queued(stages: Sequence[Stage]) -> dict[int, list[Promotion]]:
    rows = Promotion.objects.filter(stage__in=[stage.pk for stage in stages], phase=Phase.PENDING)
    found: dict[int, list[Promotion]] = {}
    for promotion in rows.defer(*HEAVY).order_by(Coalesce("queue_place", "number"), "number"):
        found.setdefault(promotion.stage_id or 0, []).append(promotion)
    return found


def _read_runs(stages: Sequence[Stage]) -> dict[int, list[StepRun]]:
    promotions = [p for stage in stages for p in (stage.current_promotion, stage.last_promotion) if p is not None]
    wanted = {p.pk for p in promotions if p.phase == Phase.RUNNING or p.phase in _ENDED_BADLY}
    found: dict[int, list[StepRun]] = {}
    for run in StepRun.objects.filter(promotion__in=wanted).defer("shown_config", "shown_output"):
        found.setdefault(run.promotion_id, []).append(run)
    return found


def _read_verifications(
    stages: Sequence[Stage], stays: Mapping[int, Mapping[str, Occupancy]]
) -> dict[int, Verification]:
    """Of what is there, not of what never came."""
    holders = {stay.promotion_id for own in stays.values() for stay in own.values()}
    holders |= {stage.last_promotion_id for stage in stages}
    found: dict[int, Verification] = {}
    # Newest first, so the first of a stage is the one that counts.
    for verification in Verification.objects.filter(promotion__in=holders - {None}):
        found.setdefault(verification.stage_id, verification)
    return found
