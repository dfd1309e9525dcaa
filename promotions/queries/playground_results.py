"""What a text of the playground gives: a value, or what is wrong with it. Bounded in time and size."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from expressions import ExpressionError, limit_time
from projects.documents import Problem, SourceText, read_documents
from projects.manifest_errors import list_problems
from promotions.manifests.steps import TaskStep
from promotions.planning.scope import Scope, evaluate_config, is_wanted
from promotions.queries.playground import Bench
from promotions.steps.base import StepFailed
from promotions.steps.execution import read_config
from promotions.steps.registry import find_step

# All that one request evaluates, together: somebody waits for it.
MAX_SECONDS = 2.0
_MAX_SHOWN = 64 * 1024
_FILE = "template"
_STARTS = ("${{", "${%")
_LIST_DASH = re.compile(r"\A((?:[ \t]*\n)*[ ]*)- ")
_TYPES: dict[type, str] = {
    type(None): "nil",
    bool: "true or false",
    int: "number",
    float: "number",
    str: "text",
    list: "list",
    dict: "map",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong: a message, the line with a caret below it, a way out. `place` is a field or a line."""

    message: str
    excerpt: str = ""
    hint: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came out. `value` is JSON; `condition`: what `if` gives; `note` says what is easily overlooked."""

    value: str = ""
    type: str = ""
    is_cut: bool = False
    condition: str = ""
    note: str = ""
    faults: tuple[Fault, ...] = ()

    @property
    def is_empty(self) -> bool:
        """True when there was nothing to evaluate."""
        return not self.type and not self.condition and not self.faults


def try_template(bench: Bench, text: str) -> Outcome:
    """Evaluate a template; a text without `${{ }}` is taken for a bare expression."""
    if not text.strip():
        return Outcome()
    template = text if any(start in text for start in _STARTS) else _delimit(text.strip())
    with limit_time(MAX_SECONDS):
        try:
            value = _evaluate(bench.scope, bench.step, template)
            note = _explain_conversion(bench, template, value)
        except ExpressionError as error:
            return Outcome(faults=(_fault(error, hide_path="config.value"),))
    return _shown(value, note=note)


def _delimit(expression: str) -> str:
    # The expression ends at the first end delimiter, also inside of a text.
    return f"${{% {expression} %}}" if "}}" in expression else f"${{{{ {expression} }}}}"


def _evaluate(scope: Scope, step: Mapping[str, Any], template: str) -> Any:
    return evaluate_config(scope, {**step, "config": {"value": template}})["value"]


def _explain_conversion(bench: Bench, template: str, value: Any) -> str:
    """A text that reads as a number, boolean or nil becomes one: the slip that people make most."""
    body = template.strip()
    start, end = ("${%", "%}") if body.startswith("${%") else ("${{", "}}")
    is_alone = body.startswith(start) and body.endswith(end) and sum(map(template.count, _STARTS)) == 1
    if isinstance(value, str | dict | list) or not is_alone:
        return ""
    if _evaluate(bench.scope, bench.step, f"{start} type(({body[3:-2]}\n)) {end}") != "string":
        return ""
    return (
        f"The expression gives text that reads as {_TYPES[type(value)]}, so it became one; quote(...) keeps it text."
    )


def try_step(bench: Bench, text: str) -> Outcome:
    """Evaluate `if` and config of a step written in YAML, or a config alone; check it as the step would."""
    if not text.strip():
        return Outcome()
    # A step copied out of a list keeps its dash; with a blank in its place the lines below still fit.
    text = _LIST_DASH.sub(r"\1  ", text, count=1)
    documents, problems = read_documents(SourceText(_FILE, text))
    if problems or not documents:
        return Outcome(faults=tuple(map(_yaml_fault, problems)))
    content = documents[0].content
    if "uses" not in content:
        return _try_config(bench, {**bench.step, "config": content}, kind="")
    try:
        TaskStep.model_validate(content)
    except ValidationError as error:
        return Outcome(faults=tuple(map(_yaml_fault, list_problems(error, TaskStep, documents[0]))))
    own = {name: content[name] for name in ("if", "config") if content.get(name) is not None}
    variables = [*(bench.step.get("vars") or ()), *(content.get("vars") or ())]
    step = {"as": bench.step["as"], "vars": variables, **own}
    return _try_config(bench, step, kind=content["uses"])


def _try_config(bench: Bench, step: Mapping[str, Any], *, kind: str) -> Outcome:
    with limit_time(MAX_SECONDS):
        try:
            condition = ""
            if step.get("if"):
                condition = "true" if is_wanted(bench.scope, step) else "false"
            value = evaluate_config(bench.scope, step)
        except ExpressionError as error:
            return Outcome(faults=(_fault(error),))
    faults = () if not kind else _check_config(kind, value)
    return _shown(value, condition=condition, faults=faults)


def _check_config(kind: str, config: Any) -> tuple[Fault, ...]:
    step = find_step(kind)
    if step is None:
        return (Fault(f'There is no step kind "{kind}".', place="uses"),)
    try:
        read_config(step, config)
    except StepFailed as error:
        return (Fault(f"The step would fail: {error}.", place="config"),)
    return ()


def _shown(value: Any, *, condition: str = "", note: str = "", faults: tuple[Fault, ...] = ()) -> Outcome:
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    cut = len(text) > _MAX_SHOWN
    kind = _TYPES.get(type(value), "value")
    return Outcome(text[:_MAX_SHOWN], kind, is_cut=cut, condition=condition, note=note, faults=faults)


def _fault(error: ExpressionError, *, hide_path: str = "") -> Fault:
    place = "" if error.path == hide_path else error.path
    return Fault(_sentence(error.message), error.excerpt, _sentence(error.hint), place)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _yaml_fault(problem: Problem) -> Fault:
    return Fault(problem.message, hint=problem.hint, place=f"line {problem.line}, column {problem.column}")
