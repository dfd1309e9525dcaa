"""Run one step: check its evaluated config, hand it what it needs, turn what it raises into two kinds of end.

Used by the engine and by `kargoweb step run`; no database, no Django.
Source: Kargo docs, promotion steps; Kargo code, the step executor (panics end a step at once).
Differs: texts never show the absolute work tree; a full disk is named with its remedy.
"""

import dataclasses
import errno
import logging
import os
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from integrations.errors import IntegrationError
from promotions.steps.base import (
    ConfigType,
    Done,
    Result,
    Skipped,
    Step,
    StepContext,
    StepErrored,
    StepFailed,
    Waiting,
)
from promotions.steps.capabilities import Capabilities
from promotions.steps.paths import PathEscape
from promotions.steps.violations import list_violations

logger = logging.getLogger(__name__)

_DISK_FULL = (
    "The disk that holds the work tree is full. Free space in the data directory or give it a larger disk, "
    "then retry the promotion."
)


def read_config(step: Step[ConfigType], config: Any) -> ConfigType:
    """Check an evaluated config (None counts as `{}`). Raises StepFailed with all violations."""
    try:
        return step.config.model_validate({} if config is None else config)
    except ValidationError as error:
        violations = "; ".join(list_violations(error, step.config))
        raise StepFailed(f"invalid {step.kind} config: {violations}") from error


def execute(step: Step[ConfigType], config: Any, context: StepContext) -> Result:
    """Run a step once with its evaluated config.

    Raises StepFailed, StepErrored and IntegrationError (Aborted: it stopped because it was asked to). Messages
    and log lines name paths relative to the work tree.
    """
    hide = _path_hider(context)
    try:
        return _clean_result(_run(step, config, _narrow(step, context, hide)), hide)
    except StepFailed as end:
        raise StepFailed(hide(str(end)), retry=end.retry, output=end.output) from end
    except StepErrored as end:
        raise StepErrored(hide(str(end)), permanent=end.permanent, output=end.output) from end


def _run(step: Step[ConfigType], raw: Any, context: StepContext) -> Result:
    config = read_config(step, raw)
    try:
        return step.run(context, config)
    except (StepFailed, StepErrored):
        raise
    except IntegrationError as error:
        # Which of these are worth another try is known to the client that raised them.
        if os.strerror(errno.ENOSPC) in error.message:
            raise StepErrored(_DISK_FULL) from error
        raise
    except PathEscape as error:
        raise StepErrored(str(error)) from error
    except OSError as error:
        raise StepErrored(_say_os_error(error)) from error
    except Exception as error:
        logger.exception("A step crashed", extra={"step": step.kind, "promotion": context.promotion})
        raise StepErrored(f"step panicked: {type(error).__name__}: {error}", permanent=True) from error


def _narrow(step: Step[ConfigType], context: StepContext, hide: Callable[[str], str]) -> StepContext:
    given = {name: getattr(context.can, name) for name in step.needs}
    missing = [name for name, capability in given.items() if capability is None]
    if missing:
        raise StepErrored(
            f'Step "{step.kind}" needs {" and ".join(missing)}, which was not provided here.', permanent=True
        )
    log = context.log
    return dataclasses.replace(context, can=Capabilities(**given), log=lambda text, stream: log(hide(text), stream))


def _path_hider(context: StepContext) -> Callable[[str], str]:
    roots = sorted({str(context.workdir), os.path.realpath(context.workdir)}, key=len, reverse=True)

    def hide(text: str) -> str:
        for root in roots:
            if root != "/":
                text = text.replace(root + "/", "").replace(root, ".")
        return text

    return hide


def _clean_result(result: Result, hide: Callable[[str], str]) -> Result:
    # Spelled out for each type: mypy cannot see through replace() on a union.
    match result:
        case Done():
            return dataclasses.replace(result, message=hide(result.message))
        case Skipped():
            return dataclasses.replace(result, message=hide(result.message))
        case Waiting():
            return dataclasses.replace(result, message=hide(result.message))


def _say_os_error(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _DISK_FULL
    reason = error.strerror or str(error)
    path = error.filename2 or error.filename
    return f'"{os.fsdecode(path)}": {reason}' if isinstance(path, str | bytes) else reason
