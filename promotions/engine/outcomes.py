"""One try of a step -> how the step stands now. Pure.

Source: Kargo code, promotion orchestrator (completion rules); promotion docs on retries and time-outs.
Differs: transient errors of outside systems are tried three times by default.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from integrations.errors import Aborted, IntegrationError
from promotions.phases import Phase, StepStatus
from promotions.steps.base import Done, HealthCheck, Output, Result, Skipped, StepErrored, StepFailed, Waiting

_TRANSIENT_TRIES = 3
_FIRST_BACKOFF, _LONGEST_BACKOFF = timedelta(seconds=5), timedelta(minutes=5)
_DEFAULT_POLL, _SHORTEST_POLL = timedelta(minutes=5), timedelta(seconds=10)

# From best to worst; the worst step decides the phase of the promotion.
_SEVERITY = (
    StepStatus.SUCCEEDED,
    StepStatus.SKIPPED,
    StepStatus.RUNNING,
    StepStatus.ABORTED,
    StepStatus.FAILED,
    StepStatus.ERRORED,
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What the step may cost: errors it may make, time it may take (None: any)."""

    error_threshold: int
    timeout: timedelta | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """How the step stands after a try. Unfinished steps say when to look again, or that the wait is for an error."""

    status: StepStatus
    message: str
    is_finished: bool
    error_count: int
    output: Output | None = None
    health_check: HealthCheck | None = None
    check_again_in: timedelta | None = None
    is_error: bool = False
    # False: the step was not run at all, so it has no output and no end.
    has_run: bool = True


def judge(
    result: Result | Exception,
    *,
    alias: str,
    error_count: int,
    started_at: datetime,
    now: datetime,
    limits: Limits,
) -> Verdict:
    """Decide by what the try returned or raised."""
    output = getattr(result, "output", None)
    if isinstance(result, Done):
        return Verdict(
            StepStatus.SUCCEEDED, result.message, True, error_count, output, health_check=result.health_check
        )
    if isinstance(result, Skipped):
        return Verdict(StepStatus.SKIPPED, result.message, True, error_count, output)
    over = limits.timeout is not None and limits.timeout > timedelta(0) and now - started_at > limits.timeout
    late = f'step "{alias}" timed out after {limits.timeout}'
    if isinstance(result, Waiting):
        if over:
            return Verdict(StepStatus.ERRORED, late, True, error_count, output)
        wait = _poll_wait(result.check_again_in, limits.timeout, now - started_at)
        return Verdict(StepStatus.RUNNING, result.message, False, error_count, output, check_again_in=wait)
    if over and isinstance(result, Aborted):
        # It was we who stopped it, for its time was over.
        return Verdict(StepStatus.ERRORED, late, True, error_count, output)
    status, message, is_final, threshold = _read_error(result, alias, limits.error_threshold)
    if is_final:
        return Verdict(status, message, True, error_count, output)
    error_count += 1
    if error_count >= threshold:
        met = f'step "{alias}" met error threshold of {threshold}: {message}' if threshold > 1 else message
        return Verdict(status, met, True, error_count, output)
    if over:
        return Verdict(StepStatus.ERRORED, f"{late}: {message}", True, error_count, output)
    return Verdict(StepStatus.RUNNING, f"{message}; step will be retried", False, error_count, output, is_error=True)


class _Error(NamedTuple):
    status: StepStatus
    message: str
    is_final: bool
    threshold: int


def _read_error(error: Exception, alias: str, threshold: int) -> _Error:
    if isinstance(error, StepFailed):
        return _Error(StepStatus.FAILED, f'step "{alias}": {error}', not error.retry, threshold)
    if isinstance(error, StepErrored | IntegrationError):
        is_transient = isinstance(error, IntegrationError) and not error.permanent
        prefix = "an unrecoverable error occurred: " if error.permanent else ""
        message = f'{prefix}error running step "{alias}": {error}'
        tries = max(threshold, _TRANSIENT_TRIES) if is_transient else threshold
        return _Error(StepStatus.ERRORED, message, error.permanent, tries)
    message = f"an unrecoverable error occurred: step panicked: {type(error).__name__}: {error}"
    return _Error(StepStatus.ERRORED, message, True, threshold)


def _poll_wait(wanted: timedelta | None, timeout: timedelta | None, spent: timedelta) -> timedelta:
    wait = max(wanted, _SHORTEST_POLL) if wanted is not None else _DEFAULT_POLL
    if timeout is not None and timeout > timedelta(0):
        left = timeout - spent + timedelta(seconds=1)
        wait = min(wait, max(left, timedelta(seconds=1)))
    return wait


def backoff(round_: int, *, jitter: float) -> timedelta:
    """Wait after the `round_`-th error in a row, from 1: 5 s doubling to 5 min; up to half off by `jitter`, 0..1."""
    longest: timedelta = min(_FIRST_BACKOFF * 2 ** min(round_ - 1, 10), _LONGEST_BACKOFF)
    return longest * (1 - jitter / 2)


class StepEnd(NamedTuple):
    """What the final phase needs to know of one step."""

    status: str
    message: str
    continue_on_error: bool


def final_phase(steps: Iterable[StepEnd]) -> tuple[Phase, str]:
    """Phase and message of the promotion: those of the first step with the worst status that counts."""
    worst: Any = None
    for step in steps:
        if step.continue_on_error:
            continue
        if worst is None or _rank(step.status) > _rank(worst.status):
            worst = step
    if worst is None or _rank(worst.status) <= _rank(StepStatus.SKIPPED):
        return Phase.SUCCEEDED, ""
    phases = {StepStatus.ABORTED: Phase.ABORTED, StepStatus.FAILED: Phase.FAILED}
    return phases.get(StepStatus(worst.status), Phase.ERRORED), worst.message


def _rank(status: str) -> int:
    return _SEVERITY.index(StepStatus(status))
