"""Wake-ups: after the commit, tell a worker by task name that a row is due.

Only a hint. The row is the work: when the broker is away the next tick finds the row, nothing is lost.
"""

import logging

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def wake(task_name: str, pk: int) -> None:
    """Send `task_name(pk)` once the current transaction has committed."""
    transaction.on_commit(lambda: _send(task_name, pk))


def _send(task_name: str, pk: int) -> None:
    try:
        current_app.send_task(task_name, args=[pk], retry=False, ignore_result=True)
    except (OperationalError, OSError) as error:
        logger.warning(
            "Broker away, the next tick will find the row", extra={"task": task_name, "error": str(error)}
        )
