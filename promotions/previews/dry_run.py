"""Goes through the planned steps as a promotion would, and stops where nobody can know how it goes on.

Source: Kargo code, promotion orchestrator, for what happens to each step; stopping is ours.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from expressions import OutputUnknown, UnknownOutput
from projects import shutdown
from promotions.engine import (
    Interrupted,
    Pass,
    StepEnd,
    Verdict,
    decide_skip,
    final_phase,
    remember_output,
    try_step,
)
from promotions.models import StepRun
from promotions.phases import Phase, StepStatus
from promotions.previews.cut_off import CutOff


class LinesDropped:
    """A preview keeps no log: what a step says is in its message."""

    def write(self, step_index: int, text: str, stream: str = "info") -> None:
        """Drop the lines."""


class HandedOver(Exception):
    """The worker shuts down: another one makes the preview anew."""


class LeaseLost(Exception):
    """Another worker makes the preview now."""


@dataclass(frozen=True, slots=True)
class Stop:
    """The step that the preview could not take, and why. `is_trouble`: something broke that may be mended soon."""

    index: int
    alias: str
    reason: str
    is_trouble: bool = False


@dataclass(slots=True)
class StepReport:
    """How one step went. `would` is set when its effect was cut off."""

    run: StepRun
    output: Any = None
    is_cut_off: bool = False


def visit_steps(
    p: Pass[LinesDropped], cut_off: CutOff, *, on_step: Callable[[list[StepReport]], None]
) -> tuple[list[StepReport], Stop | None]:
    """Run what can be run; `on_step` gets the reports so far after each step. Raises HandedOver, LeaseLost."""
    reports = [StepReport(run) for run in p.runs]
    for report in reports:
        if shutdown.requested.is_set():
            raise HandedOver
        stop = _visit(p, report, cut_off)
        if stop is not None:
            report.run.status = StepStatus.NOT_REACHED
            return reports, stop
        on_step(reports)
    return reports, None


def judge_phase(reports: list[StepReport]) -> tuple[Phase, str]:
    """How a promotion would end after the steps that were reached."""
    reached = [report.run for report in reports if report.run.status != StepStatus.NOT_REACHED]
    return final_phase(StepEnd(run.status, run.message, run.continue_on_error) for run in reached)


def _visit(p: Pass[LinesDropped], report: StepReport, cut_off: CutOff) -> Stop | None:
    run = report.run
    cut_off.would, cut_off.blocked = None, ""
    try:
        verdict = decide_skip(p, run)
        if verdict is None:
            run.started_at, run.status = timezone.now(), StepStatus.RUNNING
            verdict = _try(p, run)
    except OutputUnknown as error:
        return Stop(run.index, run.alias, p.masker.text(error.summary))
    if not verdict.is_finished:
        return _explain_wait(p, run, verdict, cut_off)
    run.status, run.message = verdict.status, p.masker.text(verdict.message)
    run.error_count = verdict.error_count
    if verdict.has_run:
        run.finished_at = timezone.now()
        remember_output(p.state, run, verdict)
        report.output = verdict.output
    if cut_off.would is not None and verdict.status == StepStatus.SUCCEEDED:
        report.is_cut_off = True
        if cut_off.would.output is None:
            p.state[run.alias] = UnknownOutput(run.alias)
    return None


def _try(p: Pass[LinesDropped], run: StepRun) -> Verdict:
    verdict, _ = try_step(p, run)
    if isinstance(verdict, Interrupted):
        raise LeaseLost
    return verdict


def _explain_wait(p: Pass[LinesDropped], run: StepRun, verdict: Verdict, cut_off: CutOff) -> Stop:
    message = p.masker.text(verdict.message)
    if cut_off.blocked:
        return Stop(run.index, run.alias, cut_off.blocked)
    if verdict.is_error:
        return Stop(run.index, run.alias, message.removesuffix("; step will be retried"), is_trouble=True)
    return Stop(run.index, run.alias, f"would wait here: {message}" if message else "would wait here")
