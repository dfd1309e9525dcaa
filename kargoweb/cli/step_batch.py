"""`kargoweb step run --batch`: one answer for each line, whatever it holds; a bad one does not stop the rest."""

import json
import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from kargoweb.trial import Trial, run_trial

logger = logging.getLogger(__name__)


class BadCase(Exception):
    """A line that is no case; the text says what is expected."""


def run_cases(lines: Iterable[bytes]) -> Iterator[str]:
    """JSON lines {"id", "step", "config", "workdir", "context"} in, {"id", "status", "output", "message"} out.

    A line that cannot be run is Errored; empty lines are passed over.
    """
    for line in lines:
        if line.strip():
            name, trial = _run(line)
            yield _write(name, trial)


def _run(line: bytes) -> tuple[Any, Trial]:
    name = None
    try:
        case = _read(line)
        name = case.get("id")
        return name, run_trial(_text(case, "step"), case.get("config"), _workdir(case), case.get("context") or {})
    except BadCase as error:
        return name, _errored(str(error))
    except Exception as error:  # the rest of the batch must go on
        logger.exception("A case of the batch crashed", extra={"case": name})
        return name, _errored(f"this case could not be run: {type(error).__name__}: {error}")


def _read(line: bytes) -> dict[str, Any]:
    try:
        case = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadCase(f"the line is not JSON: {error}") from error
    if not isinstance(case, dict):
        raise BadCase('the line must be an object: {"id", "step", "config", "workdir", "context"}')
    return case


def _text(case: dict[str, Any], key: str) -> str:
    value = case.get(key)
    if not isinstance(value, str) or not value:
        raise BadCase(f"{key} is required and must be a string")
    return value


def _workdir(case: dict[str, Any]) -> Path:
    """A relative one lies under the current directory."""
    text = _text(case, "workdir")
    if "\0" in text or not Path(text).is_dir():
        raise BadCase(f'workdir "{text}" is not a directory; make it before the case runs')
    return Path(text)


def _errored(message: str) -> Trial:
    return Trial("Errored", message, None, [])


def _write(name: Any, trial: Trial) -> str:
    answer = {"id": name, "status": trial.status, "output": trial.output, "message": trial.message}
    try:
        return json.dumps(answer, allow_nan=False)
    except ValueError:
        text = "the output holds a number that JSON does not know (NaN or infinite)"
        return json.dumps({"id": name, "status": "Errored", "output": None, "message": text})
