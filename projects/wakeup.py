"""Wake-ups: after the commit, tell a worker by task name that a row is due.

Only a hint. The row is the work: when the broker is away the next tick finds the row, nothing is lost.
"""

import logging
import time

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

# After a failure nothing is sent for this long: one request may wait for a dead broker, not each of them.
_PAUSE_SECONDS = 5.0
_paused_until = 0.0


def wake(task_name: str, pk: int) -> None:
    """Send `task_name(pk)` once the current transaction has committed."""
    transaction.on_commit(lambda: send(task_name, pk))


def send(task_name: str, *arguments: int) -> bool:
    """Send a task now. False when the broker is away, so that a task without a row was not asked for."""
    global _paused_until
    if time.monotonic() < _paused_until:
        return False
    try:
        current_app.send_task(task_name, args=arguments, retry=False, ignore_result=True)
    except (OperationalError, OSError) as error:
        _paused_until = time.monotonic() + _PAUSE_SECONDS
        logger.warning("Broker away; the next tick finds due rows", extra={"task": task_name, "error": str(error)})
        return False
    return True
