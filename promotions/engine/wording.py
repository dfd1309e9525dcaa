"""What the engine tells people about a promotion: in its log and in its message."""

from projects.errors import DomainError
from promotions.engine.logbook import Logbook
from promotions.engine.outcomes import Verdict
from promotions.engine.stepping import Pass
from promotions.models import Promotion, StepRun
from promotions.phases import StepStatus


def say_attempt(promotion: Promotion) -> str:
    """The line that a retry begins with."""
    before = promotion.attempts.order_by("-number").first()
    who = before.retried_by if before else promotion.actor_name
    return f"Attempt {promotion.attempt}, asked for by {who}, begins at step {promotion.first_step + 1}"


def say_breakage(error: Exception) -> str:
    """What people may read of an error nobody foresaw: its text may hold data, so it stays in the worker's log."""
    if isinstance(error, DomainError):
        return str(error)
    if isinstance(error, OSError):
        return f"The work tree cannot be used: {error.strerror}. Check the disk that holds the data directory."
    return f"Something outside the steps broke ({type(error).__name__}); the log of the worker has the details."


def log_verdict(p: Pass[Logbook], run: StepRun, verdict: Verdict) -> None:
    """The line that a try of a step ends with."""
    if verdict.status == StepStatus.RUNNING:
        p.logbook.write(run.index, verdict.message or "Waiting", "err" if verdict.is_error else "info")
    elif verdict.status in (StepStatus.FAILED, StepStatus.ERRORED):
        p.logbook.write(run.index, f"{verdict.status.value}: {verdict.message}", "err")
    elif run.started_at is None:
        p.logbook.write(run.index, f"Step {run.index + 1} of {len(p.runs)}: {run.alias}. {verdict.message}")
    else:
        p.logbook.write(run.index, ": ".join(filter(None, (verdict.status.value, verdict.message))))
