"""Phases and statuses, and which moves between them are allowed.

`move` in `promotions.moves` is the only writer of a promotion's phase.
Source: Kargo API types (PromotionPhase, PromotionStepStatus, VerificationPhase).
"""

from django.db.models import TextChoices


class Phase(TextChoices):
    """Where a promotion is. Failed: the rules said no. Errored: something broke."""

    PENDING = "Pending", "Queued"
    RUNNING = "Running", "Running"
    SUCCEEDED = "Succeeded", "Succeeded"
    FAILED = "Failed", "Failed"
    ERRORED = "Errored", "Errored"
    ABORTED = "Aborted", "Aborted"


TERMINAL = frozenset({Phase.SUCCEEDED, Phase.FAILED, Phase.ERRORED, Phase.ABORTED})
LIVE = frozenset({Phase.PENDING, Phase.RUNNING})

ALLOWED_MOVES: dict[Phase, frozenset[Phase]] = {
    Phase.PENDING: frozenset({Phase.RUNNING, Phase.ERRORED, Phase.ABORTED}),
    Phase.RUNNING: TERMINAL,
    Phase.SUCCEEDED: frozenset(),
    # Retry: the same promotion waits for its stage again.
    Phase.FAILED: frozenset({Phase.PENDING}),
    Phase.ERRORED: frozenset({Phase.PENDING}),
    Phase.ABORTED: frozenset(),
}


class StepStatus(TextChoices):
    """How a step stands; empty means not reached yet."""

    NOT_REACHED = "", "Not reached"
    RUNNING = "Running", "Running"
    SUCCEEDED = "Succeeded", "Succeeded"
    SKIPPED = "Skipped", "Skipped"
    FAILED = "Failed", "Failed"
    ERRORED = "Errored", "Errored"
    ABORTED = "Aborted", "Aborted"


class VerificationPhase(TextChoices):
    """How a verification stands."""

    PENDING = "Pending", "Pending"
    RUNNING = "Running", "Running"
    SUCCESSFUL = "Successful", "Verified"
    FAILED = "Failed", "Failed"
    ERROR = "Error", "Error"
    ABORTED = "Aborted", "Aborted"
    INCONCLUSIVE = "Inconclusive", "Inconclusive"


VERIFICATION_ENDED = frozenset(VerificationPhase) - {VerificationPhase.PENDING, VerificationPhase.RUNNING}
