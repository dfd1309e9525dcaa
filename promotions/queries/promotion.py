"""The page of one promotion: how it goes, why it waits, what it changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from django.utils import timezone

from projects.access import Action, Rights
from projects.heartbeats import find_last_beat, is_silent
from projects.models import Project
from promotions.engine import list_waiting
from promotions.models import Promotion, StepRun, Verification
from promotions.phases import VERIFICATION_ENDED, Phase, StepStatus
from promotions.queries.promotion_retry import RetryOffer, read_retry

_COMPARED = 10
_WENT_WRONG = (StepStatus.FAILED, StepStatus.ERRORED)


@dataclass(frozen=True, slots=True)
class PromotionHead:
    """The head: a status word, the sentence that explains it, and what the person may do."""

    promotion: Promotion
    code: str
    depth: int | None
    word: str
    sentence: str
    help: str
    # What stands still although it should not: no workers, a lost one.
    warning: str
    took: timedelta | None
    elapsed_seconds: int | None
    usual: timedelta | None
    can_abort: bool
    why_not_abort: str
    can_run_again: bool
    retry: RetryOffer | None
    # What an abort leaves behind, in sentences.
    done: tuple[str, ...]


def find_promotion(project: Project, number: int) -> Promotion | None:
    """The promotion with all that the page needs of its stage and freight."""
    rows = Promotion.objects.filter(project=project, number=number)
    return rows.select_related("project", "stage", "freight", "stage__current_promotion").first()


def read_head(promotion: Promotion, rights: Rights, *, now: datetime) -> PromotionHead:
    """What the head shows to a person with these rights."""
    runs = list(promotion.step_runs.defer("shown_config", "shown_output"))
    stage, name = promotion.stage, promotion.stage_name
    sentence, help_ = _explain(promotion, runs)
    end = promotion.finished_at or now
    return PromotionHead(
        promotion=promotion,
        code=stage.code if stage else "",
        depth=stage.depth if stage else None,
        word=_word(promotion),
        sentence=sentence,
        help=help_,
        warning=_warning(promotion, now=now),
        took=end - promotion.started_at if promotion.started_at else None,
        elapsed_seconds=_elapsed(promotion, now),
        usual=find_usual(promotion),
        can_abort=promotion.is_live and rights.allows(Action.ABORT, name),
        why_not_abort=rights.refusal(Action.ABORT, name) if promotion.is_live else "",
        can_run_again=not promotion.is_live
        and stage is not None
        and promotion.freight is not None
        and rights.allows(Action.PROMOTE, name),
        retry=read_retry(promotion, runs, rights),
        done=_list_done(runs),
    )


def head_tag(promotion: Promotion, rights: Rights, *, now: datetime) -> str:
    """Changes whenever the head would read differently, but for the passing of time."""
    facts: list[object] = [promotion.version, rights.allows(Action.ABORT, promotion.stage_name)]
    facts.append(rights.allows(Action.PROMOTE, promotion.stage_name))
    facts.append(rights.allows(Action.RETRY, promotion.stage_name))
    if promotion.is_live:
        facts += [*_ahead(promotion), is_silent("worker", now=now), _is_lost(promotion, now)]
        facts.append(promotion.stage.current_promotion_id if promotion.stage else None)
    return "-".join(str(fact) for fact in facts)


def find_usual(promotion: Promotion) -> timedelta | None:
    """The median time of the newest successful promotions of the stage before this one; None without any."""
    rows = Promotion.objects.filter(
        project_id=promotion.project_id,
        stage_name=promotion.stage_name,
        phase=Phase.SUCCEEDED,
        number__lt=promotion.number,
        started_at__isnull=False,
    )
    times = rows.order_by("-number").values_list("started_at", "finished_at")[:_COMPARED]
    seconds = [(end - start).total_seconds() for start, end in times if start and end]
    return timedelta(seconds=median(seconds)) if seconds else None


def _word(promotion: Promotion) -> str:
    if promotion.is_live and promotion.abort_requested_at:
        return "Aborting"
    return Phase(promotion.phase).label


def _elapsed(promotion: Promotion, now: datetime) -> int | None:
    if promotion.phase != Phase.RUNNING or promotion.started_at is None:
        return None
    return max(0, int((now - promotion.started_at).total_seconds()))


def _explain(promotion: Promotion, runs: Sequence[StepRun]) -> tuple[str, str]:
    """One sentence on how it stands, and a quieter second one."""
    if promotion.is_live and promotion.abort_requested_at:
        return f"{promotion.abort_requested_by} asked to abort; the running step is being stopped.", ""
    if promotion.phase == Phase.PENDING:
        return _explain_queue(promotion), ""
    if promotion.phase == Phase.RUNNING:
        run = next((run for run in runs if run.status == StepStatus.RUNNING), None)
        if run is None:
            return f"Running, {sum(r.is_finished for r in runs)} of {len(runs)} steps done.", ""
        return f"Running step {run.index + 1} of {len(runs)}, {run.alias}.", run.message
    if promotion.phase == Phase.SUCCEEDED:
        return _explain_success(runs), promotion.message
    if promotion.phase == Phase.ABORTED:
        return promotion.message or "Aborted.", ""
    culprit = next((r for r in runs if r.status in _WENT_WRONG and not r.continue_on_error), None)
    if culprit is None:
        return promotion.message or f"{promotion.phase}.", ""
    return f"{promotion.phase} at step {culprit.index + 1}, {culprit.alias}.", promotion.message


def _explain_success(runs: Sequence[StepRun]) -> str:
    skipped = sum(run.status == StepStatus.SKIPPED for run in runs)
    ignored = sum(run.status in _WENT_WRONG for run in runs)
    parts = [f"{len(runs) - skipped - ignored} of {len(runs)} steps succeeded"]
    if skipped:
        parts.append(f"{skipped} skipped")
    if ignored:
        parts.append(f"{ignored} failed and ignored")
    return ", ".join(parts) + "."


def _explain_queue(promotion: Promotion) -> str:
    stage = promotion.stage
    if stage is None:
        return f'Its stage "{promotion.stage_name}" was deleted; this promotion ends in its next pass.'
    if ahead := _ahead(promotion):
        return f"Queued behind #{ahead[-1]}, number {len(ahead)} in the queue of {stage.name}."
    if stage.current_promotion_id != promotion.pk:
        held = Verification.objects.filter(stage=stage).order_by("-pk").first()
        if held is not None and held.phase not in VERIFICATION_ENDED:
            return f"Next in {stage.name}; waits until the verification of what is there has ended."
    return f"Next in {stage.name}; waits for a worker."


def _ahead(promotion: Promotion) -> list[int]:
    """Numbers of the promotions that go before it in its stage, the next first; only for a queued one."""
    if promotion.phase != Phase.PENDING or promotion.stage_id is None:
        return []
    running = Promotion.objects.filter(stage_id=promotion.stage_id, phase=Phase.RUNNING)
    waiting = [row.number for row in list_waiting(promotion.stage)] if promotion.stage else []
    before = waiting[: waiting.index(promotion.number)] if promotion.number in waiting else []
    return [*running.values_list("number", flat=True), *before]


def _warning(promotion: Promotion, *, now: datetime) -> str:
    if not promotion.is_live:
        return ""
    if is_silent("worker", now=now):
        last = find_last_beat("worker")
        since = f"since {timezone.localtime(last):%H:%M}" if last else "at all yet"
        silence = f"No worker has shown a sign of life {since} (broker or workers away)."
        return f"{silence} Nothing is lost: it goes on as soon as one is back."
    if _is_lost(promotion, now):
        return "Its worker shows no sign of life; another one takes over and goes on."
    return ""


def _is_lost(promotion: Promotion, now: datetime) -> bool:
    return promotion.phase == Phase.RUNNING and promotion.lease_until is not None and promotion.lease_until < now


def _list_done(runs: Sequence[StepRun]) -> tuple[str, ...]:
    """Finished steps in words; what they did outside stays."""
    done = [run for run in runs if run.status == StepStatus.SUCCEEDED]
    return tuple(f"{run.alias} ({run.kind}){': ' + run.message if run.message else ' succeeded'}" for run in done)
