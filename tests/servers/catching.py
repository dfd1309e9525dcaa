"""Catches a worker inside a step: it is let run for a millisecond at a time, and looked at while it stands still.

So also a step of two milliseconds can be hit, and what is seen is still true when the signal comes.
"""

import os
import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings

from promotions.models import Promotion
from promotions.phases import StepStatus

_SLICE_SECONDS = 0.001
_LOOK_SECONDS = 0.003
_LONGEST_WAIT_SECONDS = 5
# When the worker that is to be caught has nothing of the promotion in its hands, it must not stand still.
_COLUMNS = ("step_runs__index", "step_runs__status", "lease_owner")
_OVER = {StepStatus.SUCCEEDED, StepStatus.SKIPPED, StepStatus.FAILED, StepStatus.ERRORED, StepStatus.ABORTED}


def catch(promotion: int, index: int, seconds: float, *, meanwhile: Callable[[], None]) -> dict[str, Any]:
    """Stop (SIGSTOP) the worker that runs the step: {"pid", "status"}; pid 0 is a step that was missed.

    `meanwhile` is called again and again while no worker has the promotion.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        before, status, pid = _look(promotion, index)
        if status in _OVER:
            return {"pid": 0, "status": status}
        if not pid or (index and before == StepStatus.NOT_REACHED):
            if not pid:
                meanwhile()
            time.sleep(_LOOK_SECONDS)
            continue
        _stop(pid)
        _, status, owner = _look(promotion, index)
        if owner == pid and status == StepStatus.RUNNING:
            return {"pid": pid, "status": status}
        os.kill(pid, signal.SIGCONT)
        time.sleep(_SLICE_SECONDS)
    raise TimeoutError(f"step {index} of promotion {promotion} was not reached in {seconds} s")


def go_on(pid: int) -> None:
    """Let a caught worker run."""
    os.kill(pid, signal.SIGCONT)


def kill(pid: int, delay: float) -> float:
    """Let a caught worker run for so many seconds, then SIGKILL; returns the monotonic time of the kill."""
    os.kill(pid, signal.SIGCONT)
    time.sleep(delay)
    os.kill(pid, signal.SIGKILL)
    return time.monotonic()


def kill_unsaved(pid: int, seconds: float) -> float:
    """Let a caught worker do its step, but keep it from writing that down (SQLite); then SIGKILL.

    `seconds` must be enough for the step. Returns the monotonic time of the kill.
    """
    database = sqlite3.connect(settings.DATABASES["default"]["NAME"], timeout=0, isolation_level=None)
    deadline, tries = time.monotonic() + _LONGEST_WAIT_SECONDS, 0
    while True:
        try:
            database.execute("BEGIN IMMEDIATE")
            break
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            # Somebody writes. When it is not over soon, it is the one that stands still.
            tries += 1
            time.sleep(_SLICE_SECONDS)
            if tries % 10 == 0:
                os.kill(pid, signal.SIGCONT)
                time.sleep(_SLICE_SECONDS / 5)
                _stop(pid)
    try:
        return kill(pid, seconds)
    finally:
        database.execute("ROLLBACK")
        database.close()


def _look(promotion: int, index: int) -> tuple[str, str, int]:
    """(status of the step before, of the step, process that has the promotion or 0)."""
    rows = Promotion.objects.filter(pk=promotion, step_runs__index__in=(index - 1, index))
    found = {i: (status, owner) for i, status, owner in rows.values_list(*_COLUMNS)}
    status, owner = found[index]
    return found.get(index - 1, ("", ""))[0], status, int(owner.split(":")[1]) if owner else 0


def _stop(pid: int) -> None:
    os.kill(pid, signal.SIGSTOP)
    stat = Path(f"/proc/{pid}/stat")
    while stat.read_text().rpartition(")")[2].split()[0] not in "TtZX":
        time.sleep(0.0002)
