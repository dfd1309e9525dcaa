"""Push again while others are faster: waits that grow, as Kargo's, and an end."""

import random
import time
from collections.abc import Callable

from integrations.errors import Aborted, PushRejected
from promotions.steps.base import StepContext, StepErrored

_FIRST_WAIT, _GROWTH, _LONGEST_WAIT, _JITTER = 1.0, 1.5, 30.0, 0.5
_POLL_SECONDS = 0.1


def try_until_accepted(context: StepContext, attempt: Callable[[], str], *, branch: str, max_attempts: int) -> str:
    """What the first attempt returns that raises no PushRejected. Raises StepErrored when all are used up."""
    wait = _FIRST_WAIT
    for number in range(1, max_attempts + 1):
        try:
            return attempt()
        except PushRejected as error:
            if number == max_attempts:
                raise StepErrored(f"The push was refused {number} times: {error}") from error
        context.log(f"Branch {branch} has moved on; trying again ({number + 1})", "info")
        _pause(context, wait * random.uniform(1 - _JITTER, 1 + _JITTER))  # noqa: S311  # no secret
        wait = min(wait * _GROWTH, _LONGEST_WAIT)
    raise AssertionError("an attempt either returns or raises")


def _pause(context: StepContext, seconds: float) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if context.should_stop():
            raise Aborted("The push was stopped on request")
        time.sleep(min(left, _POLL_SECONDS))
