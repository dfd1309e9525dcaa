"""Steps of one promotion as the page lists them: how each went, why one was not run, what went in and came out."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

from ruamel.yaml import YAML

from promotions.models import Promotion, StepRun
from promotions.phases import StepStatus

# What stands for a secret in stored texts; see promotions.engine.masking.
_MASK = "••••••"
_WENT_WRONG = (StepStatus.FAILED, StepStatus.ERRORED)
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MOST_OUTPUTS = 200
_LONGEST_SHOWN = 20_000


@dataclass(frozen=True, slots=True)
class TextPart:
    """A piece of a text; a masked one stands for a secret."""

    text: str
    is_masked: bool


@dataclass(frozen=True, slots=True)
class OutputRow:
    """One value that a step gave out, and the expression that reads it."""

    path: str
    expression: str
    parts: tuple[TextPart, ...]
    value: str


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step, or a task with its steps."""

    number: int
    # The whole alias, with the task's before it; empty for a task.
    alias: str
    name: str
    uses: str
    # Picks icon and colour; the word is what people read.
    phase: str
    word: str
    # Not touched at all.
    is_off: bool
    # Failed, and the template says to go on.
    is_ignored: bool
    is_current: bool
    took: timedelta | None
    elapsed_seconds: int | None
    # Why it was left out, or what went wrong without harm; stands in the row itself.
    note: str
    message: str
    condition: str
    looks_again_at: datetime | None
    outputs: tuple[OutputRow, ...]
    config: tuple[TextPart, ...]
    raw_config: str
    steps: tuple["StepRow", ...] = ()


@dataclass(frozen=True, slots=True)
class StepList:
    """All steps of a promotion."""

    promotion: Promotion
    rows: tuple[StepRow, ...]
    finished: int
    total: int
    # Said to screen readers when it changes.
    announcement: str


def read_steps(promotion: Promotion, *, now: datetime) -> StepList:
    """The steps in their order; steps of one task stand under it."""
    runs = list(promotion.step_runs.all())
    current = _find_current(runs)
    rows: list[StepRow] = []
    for run in runs:
        planned = promotion.steps[run.index] if run.index < len(promotion.steps) else {}
        row = _row(promotion, run, planned, is_current=run is current, now=now)
        task = planned.get("task") or run.alias.rpartition("::")[0]
        if not task:
            rows.append(row)
        elif rows and rows[-1].steps and rows[-1].name == task:
            rows[-1] = _group(task, (*rows[-1].steps, row))
        else:
            rows.append(_group(task, (row,)))
    finished = sum(run.is_finished for run in runs)
    said = (
        f"Step {current.index + 1} of {len(runs)}, {current.alias}: {current.status or 'waiting'}" if current else ""
    )
    return StepList(promotion, tuple(rows), finished, len(runs), said)


def _find_current(runs: list[StepRun]) -> StepRun | None:
    """The running step, else the first that failed the promotion."""
    running = next((run for run in runs if run.status == StepStatus.RUNNING), None)
    failed = (run for run in runs if run.status in _WENT_WRONG and not run.continue_on_error)
    return running or next(failed, None)


def _row(promotion: Promotion, run: StepRun, planned: dict[str, Any], *, is_current: bool, now: datetime) -> StepRow:
    is_running = run.status == StepStatus.RUNNING
    is_untouched = run.status in (StepStatus.NOT_REACHED, StepStatus.SKIPPED) and run.started_at is None
    phase, word = _word(promotion, run, planned)
    ended_at = run.finished_at or (now if is_running else None)
    return StepRow(
        number=run.index + 1,
        alias=run.alias,
        name=run.alias.rpartition("::")[2],
        uses=run.kind,
        phase=phase,
        word=word,
        is_off=is_untouched,
        is_ignored=run.status in _WENT_WRONG and run.continue_on_error,
        is_current=is_current,
        took=ended_at - run.started_at if run.started_at and ended_at else None,
        elapsed_seconds=int((now - run.started_at).total_seconds()) if is_running and run.started_at else None,
        note=_note(run),
        message=run.message,
        condition=str(planned.get("if", "")),
        looks_again_at=promotion.due_at if is_running and promotion.due_at and promotion.due_at > now else None,
        outputs=tuple(_outputs(run)),
        config=mask_parts(to_yaml(run.shown_config)) if run.shown_config else (),
        raw_config=to_yaml(planned["config"]) if planned.get("config") else "",
    )


def _word(promotion: Promotion, run: StepRun, planned: dict[str, Any]) -> tuple[str, str]:
    """Phase and word. A step that its `if` left out is skipped; one that an earlier failure left out was not run."""
    if run.status == StepStatus.NOT_REACHED:
        return ("Not run", "Not run yet") if promotion.is_live else ("Not run", "Not run")
    if run.status == StepStatus.SKIPPED and run.started_at is None and "if" not in planned:
        return "Not run", "Not run"
    if run.status in _WENT_WRONG and run.continue_on_error:
        return run.status, f"{run.status}, ignored"
    tries = f", try {run.tries}" if run.status == StepStatus.RUNNING else f", {run.tries} tries"
    return run.status, f"{run.status}{tries if run.tries > 1 else ''}"


def _note(run: StepRun) -> str:
    """The reason without the word that stands before it anyway."""
    if run.status == StepStatus.SKIPPED:
        return run.message.removeprefix("Skipped: ").removeprefix("Not run: ")
    return run.message if run.status in _WENT_WRONG and run.continue_on_error else ""


def _group(task: str, steps: tuple[StepRow, ...]) -> StepRow:
    """A task's own row: it is as far and as well as its steps."""
    leading = next((s for s in steps if s.is_current), None) or _worst(steps)
    done = sum(not s.is_off and s.phase != "Running" for s in steps)
    times = [s.took for s in steps if s.took is not None]
    took = sum(times, timedelta()) if times else None
    is_running = any(s.elapsed_seconds is not None for s in steps)
    return StepRow(
        number=steps[0].number,
        alias="",
        name=task,
        uses="task",
        phase=leading.phase,
        word=f"{done} of {len(steps)} steps",
        is_off=all(s.is_off for s in steps),
        is_ignored=leading.is_ignored,
        is_current=any(s.is_current for s in steps),
        took=took,
        elapsed_seconds=int(took.total_seconds()) if is_running and took else None,
        note="",
        message="",
        condition="",
        looks_again_at=None,
        outputs=(),
        config=(),
        raw_config="",
        steps=steps,
    )


def _worst(steps: tuple[StepRow, ...]) -> StepRow:
    order = ("Errored", "Failed", "Aborted", "Running", "Succeeded", "Skipped", "Not run")
    return min(steps, key=lambda step: (step.is_ignored, order.index(step.phase)))


def _outputs(run: StepRun) -> Iterator[OutputRow]:
    """Every value of the output, nested ones by their path."""
    if not isinstance(run.shown_output, dict):
        return
    base = "outputs" + _member(run.alias)
    found = 0
    waiting: list[tuple[str, str, Any]] = [("", base, run.shown_output)]
    while waiting and found < _MOST_OUTPUTS:
        path, expression, value = waiting.pop(0)
        if isinstance(value, dict) and value:
            members = ((f"{path}.{k}".lstrip("."), expression + _member(str(k)), v) for k, v in value.items())
            waiting = [*members, *waiting]
        elif isinstance(value, list) and value:
            members = ((f"{path}[{i}]", f"{expression}[{i}]", v) for i, v in enumerate(value))
            waiting = [*members, *waiting]
        elif path:
            found += 1
            text = value if isinstance(value, str) else to_yaml(value)
            yield OutputRow(path, f"${{{{ {expression} }}}}", mask_parts(text), text)


def _member(name: str) -> str:
    if _PLAIN_NAME.fullmatch(name):
        return f".{name}"
    quoted = name.replace("\\", "\\\\").replace("'", "\\'")
    return f"['{quoted}']"


def mask_parts(text: str) -> tuple[TextPart, ...]:
    """The text cut where secrets were."""
    if len(text) > _LONGEST_SHOWN:
        text = text[:_LONGEST_SHOWN] + "\n… (cut)"
    parts: list[TextPart] = []
    for index, piece in enumerate(text.split(_MASK)):
        if index:
            parts.append(TextPart(_MASK, True))
        if piece:
            parts.append(TextPart(piece, False))
    return tuple(parts)


def to_yaml(value: Any) -> str:
    """A JSON value as people write it in a manifest."""
    if not isinstance(value, dict | list):
        return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    stream = StringIO()
    yaml.dump(value, stream)
    return stream.getvalue().rstrip("\n")
