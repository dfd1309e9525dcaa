"""One step of one pass: skip it or run it, and say how it stands. Writes nothing but the log.

Source: Kargo code, promotion orchestrator (executeSteps); promotions.md of the specification, section 2.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from django.urls import reverse
from django.utils import timezone

from expressions import ExpressionError, OutputUnknown
from integrations.errors import IntegrationError, Unauthorized
from integrations.http import HttpClient
from projects.durations import parse_duration
from promotions.engine.capabilities import ProjectLookups, grant, list_doubts
from promotions.engine.collections import list_references
from promotions.engine.masking import Masker
from promotions.engine.outcomes import Limits, Verdict, judge
from promotions.engine.site import Site
from promotions.engine.watch import Watch
from promotions.models import Promotion, Stage, StepRun
from promotions.phases import StepStatus
from promotions.planning.artifacts import RequestedOrigin
from promotions.planning.facts import PromotionFacts, StepFact
from promotions.planning.scope import Scope, evaluate_config, is_wanted
from promotions.steps.base import Result, Step, StepContext, StepErrored, StepFailed
from promotions.steps.execution import execute
from promotions.steps.registry import explain_unknown, find_step

logger = logging.getLogger(__name__)


class Log(Protocol):
    """Where the lines of steps go."""

    def write(self, step_index: int, text: str, stream: str = "info") -> None:
        """Take one or several lines. `stream` is out, err or info."""
        ...


LogType = TypeVar("LogType", bound=Log)
Execute = Callable[[Step[Any], Any, StepContext], Result]


@dataclass(frozen=True, slots=True)
class Pass(Generic[LogType]):
    """Everything one pass over one promotion works with. Its rows need not be stored: a preview's are not."""

    promotion: Promotion
    stage: Stage
    requested_origins: tuple[RequestedOrigin, ...]
    site: Site
    workdir: Path
    masker: Masker
    logbook: LogType
    watch: Watch
    http: HttpClient
    # {alias: output}; filled as steps run.
    state: dict[str, Any]
    runs: list[StepRun]
    # How a step is run once: a preview runs it without its effects outside.
    execute: Execute = execute


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The step was cut off by an abort or a lost lease: there is no verdict."""


def decide_skip(p: Pass[Any], run: StepRun) -> Verdict | None:
    """A verdict when the step is not to be run: skipped, broken `if`, unknown kind. Not asked once it started.

    Raises OutputUnknown, as `try_step`, in a preview only.
    """
    step = p.promotion.steps[run.index]
    if "if" not in step:
        failed = next((r for r in p.runs[: run.index] if _has_failed(r)), None)
        if failed is None:
            return _refuse_unknown(run)
        return _untouched(StepStatus.SKIPPED, f'Not run: step "{failed.alias}" {failed.status.lower()}')
    try:
        if is_wanted(_scope(p, run), step):
            return _refuse_unknown(run)
    except OutputUnknown:
        raise
    except ExpressionError as error:
        text = f'error checking if step "{run.alias}" should be skipped: {error}'
        return _untouched(StepStatus.ERRORED, p.masker.text(text))
    return _untouched(StepStatus.SKIPPED, f"Skipped: {step['if']} is false")


def try_step(p: Pass[Any], run: StepRun) -> tuple[Verdict | Interrupted, Any]:
    """Run the step once; also gives its evaluated config, masked, for the page."""
    step = find_step(run.kind)
    if step is None:  # it was known when the step started, in another release
        return _unknown(run), None
    try:
        config = evaluate_config(_scope(p, run), p.promotion.steps[run.index])
    except OutputUnknown:
        raise
    except ExpressionError as error:
        text = f"failed to build step context: {error}"
        return _untouched(StepStatus.ERRORED, p.masker.text(text)), None
    limits = read_limits(step, p.promotion.steps[run.index])
    started_at = run.started_at or timezone.now()
    deadline = started_at + limits.timeout if limits.timeout else None
    result = _execute(p, run, step, config, deadline)
    shown = p.masker.value(config)
    if p.watch.is_lost or p.watch.is_aborted:
        return Interrupted(), shown
    verdict = judge(
        result,
        alias=run.alias,
        error_count=run.error_count,
        started_at=started_at,
        now=timezone.now(),
        limits=limits,
    )
    return verdict, shown


def read_limits(step: Step[Any], planned: dict[str, Any]) -> Limits:
    """The planned step's own retry settings over the defaults of its kind; an explicit 0s means no time limit."""
    retry = planned.get("retry") or {}
    timeout = parse_duration(retry["timeout"]) if retry.get("timeout") else step.timeout
    return Limits(retry.get("errorThreshold") or step.error_threshold, timeout or None)


def _execute(
    p: Pass[Any], run: StepRun, step: Step[Any], config: dict[str, Any], deadline: datetime | None
) -> Result | Exception:
    context = StepContext(
        workdir=p.workdir,
        project=p.promotion.project.name,
        stage=p.promotion.stage_name,
        promotion=p.promotion.name,
        alias=run.alias,
        log=lambda text, stream: p.logbook.write(run.index, text, stream),
        should_stop=lambda: p.watch.wants_stop(deadline),
        can=grant(step, p.promotion, p.stage, site=p.site, masker=p.masker, http=p.http),
        previous_output=p.state.get(run.alias),
        actor=p.promotion.actor_label,
        stage_url=_stage_url(p),
    )
    try:
        return p.execute(step, config, context)
    except (StepFailed, StepErrored, IntegrationError) as error:
        if isinstance(error, Unauthorized):
            error.message = " ".join((error.message, *list_doubts(context.can)))
        return error
    except Exception as error:  # a step's crash must end this promotion, not the worker
        logger.exception("Step ended with an exception", extra={"promotion": p.promotion.name, "step": run.alias})
        return error


def _stage_url(p: Pass[Any]) -> str:
    if not p.site.base_url:
        return ""
    return p.site.base_url + reverse("stage", args=(p.promotion.project.name, p.promotion.stage_name))


def _scope(p: Pass[Any], run: StepRun) -> Scope:
    promotion = p.promotion
    return Scope(
        facts=PromotionFacts(
            ui_base_url=p.site.base_url,
            project=promotion.project.name,
            promotion=promotion.name,
            stage=promotion.stage_name,
            freight_name=promotion.freight_name,
            freight_alias=promotion.freight.alias if promotion.freight else promotion.freight_alias,
            warehouse=promotion.origin.partition("/")[2],
            actor_label=promotion.actor_label,
            is_rollback=promotion.is_rollback,
        ),
        promotion_vars=promotion.vars,
        state=p.state,
        step_facts=tuple(
            StepFact(
                alias=reached.alias,
                status=reached.status,
                message=reached.message,
                started_at=reached.started_at,
                finished_at=reached.finished_at,
                error_count=reached.error_count,
                continue_on_error=reached.continue_on_error,
            )
            for reached in p.runs[: run.index + 1]
        ),
        references=list_references(promotion),
        requested_origins=p.requested_origins,
        lookups=ProjectLookups(promotion.project, p.masker),
    )


def _has_failed(run: StepRun) -> bool:
    return run.status in (StepStatus.FAILED, StepStatus.ERRORED) and not run.continue_on_error


def _refuse_unknown(run: StepRun) -> Verdict | None:
    return None if find_step(run.kind) else _unknown(run)


def _unknown(run: StepRun) -> Verdict:
    return _untouched(StepStatus.ERRORED, explain_unknown(run.kind))


def _untouched(status: StepStatus, message: str) -> Verdict:
    """A verdict on a step that never ran."""
    return Verdict(status, message, True, 0, has_run=False)


def remember_output(state: dict[str, Any], run: StepRun, verdict: Verdict) -> None:
    """Kargo's rule: the output replaces the earlier one in every case; compose-output also speaks for its task."""
    output = dict(verdict.output) if verdict.output is not None else None
    state[run.alias] = output
    task, separator, _ = run.alias.rpartition("::")
    if separator and run.kind == "compose-output" and output and verdict.status == StepStatus.SUCCEEDED:
        state[task] = {**(state.get(task) or {}), **output}


def wait_after(verdict: Verdict, *, backoff: timedelta) -> timedelta:
    """How long until the next try of an unfinished step."""
    return backoff if verdict.is_error else verdict.check_again_in or backoff
