"""What the expressions of a step may see, and their evaluation: `if`, variables, config.

Source: Kargo code, step evaluator; Kargo docs, Expressions.
Differs: of a step that ran without output every member is nil, in each pass.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from expressions import EMPTY_OUTPUT, ExpressionError, Record, UnknownOutput, render, render_structure
from promotions.planning.artifacts import Collection, RequestedOrigin
from promotions.planning.facts import PromotionFacts, StepFact, has_failed
from promotions.planning.functions import artifact_functions, data_functions, status_functions
from promotions.planning.lookups import Lookups
from promotions.planning.plan import ALIAS_SEPARATOR
from promotions.references import FreightReference

Environment = dict[str, Any]
# {alias: output}; None: it ran without output, UnknownOutput: a preview did not run it, no key: it was not reached.
State = Mapping[str, Mapping[str, Any] | UnknownOutput | None]

_STEP_META_JSON = {
    "Alias": "alias",
    "StartedAt": "startedAt",
    "FinishedAt": "finishedAt",
    "ErrorCount": "errorCount",
    "Status": "status",
    "Message": "message",
    "ContinueOnError": "continueOnError",
}


@dataclass(frozen=True, slots=True)
class Scope:
    """All that the expressions of one promotion may see at one moment.

    `promotion_vars`: [{"name", "value"}] as planned. `state`: see State. `step_facts`: the steps reached so far.
    `references`: the target collection. `requested_origins`: in the order of the stage's requestedFreight.
    """

    facts: PromotionFacts
    promotion_vars: Sequence[Mapping[str, Any]]
    state: State
    step_facts: Sequence[StepFact]
    references: tuple[FreightReference, ...]
    requested_origins: tuple[RequestedOrigin, ...]
    lookups: Lookups


def is_wanted(scope: Scope, step: Mapping[str, Any]) -> bool:
    """Should a planned step run: its `if`, or without one that nothing failed before.

    Raises ExpressionError, also when `if` gives anything but true or false.
    """
    condition = step.get("if")
    if condition in (None, ""):
        return not has_failed(scope.step_facts)
    wanted = _render(condition, _environment(scope, step), "if")
    if isinstance(wanted, bool):
        return wanted
    hint = "" if "${" in str(condition) else "write ${{ ... }} around the condition"
    raise ExpressionError(f"the condition must give true or false, not {_type(wanted)}", hint=hint, path="if")


def evaluate_config(scope: Scope, step: Mapping[str, Any]) -> dict[str, Any]:
    """The config of a planned step with all expressions evaluated. Raises ExpressionError."""
    config = step.get("config")
    if config is None:
        return {}
    if not isinstance(config, dict):
        raise ExpressionError(f"the config of a step must be a map, not {_type(config)}", path="config")
    evaluated: dict[str, Any] = render_structure(config, _environment(scope, step), "config")
    return evaluated


def _environment(scope: Scope, step: Mapping[str, Any]) -> Environment:
    """The environment of `if` and config; variables are evaluated on the way, each seeing those before it."""
    alias = step["as"]
    variables: dict[str, Any] = {}
    collection = Collection(scope.references, scope.requested_origins)
    environment: Environment = {
        "ctx": _context(scope.facts, alias),
        "vars": variables,
        **artifact_functions(collection),
        **data_functions(scope.lookups),
    }
    _evaluate_vars(scope.promotion_vars, environment, variables)
    environment["outputs"] = {name: _output(value) for name, value in scope.state.items()}
    environment["stepMetas"] = {fact.alias: _step_meta(fact) for fact in scope.step_facts}
    task, separator, _ = alias.rpartition(ALIAS_SEPARATOR)
    if separator:
        environment["task"] = {"outputs": _task_outputs(scope.state, task + separator)}
    _evaluate_vars(step.get("vars") or (), environment, variables)
    return environment | status_functions(scope.step_facts, alias)


def _evaluate_vars(given: Sequence[Mapping[str, Any]], environment: Environment, variables: dict[str, Any]) -> None:
    for variable in given:
        name = variable["name"]
        variables[name] = _render(variable.get("value", ""), environment, f"vars.{name}")


def _render(value: Any, environment: Environment, path: str) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return render(value, environment)
    except ExpressionError as error:
        raise error.under(path) from error


def _context(facts: PromotionFacts, alias: str) -> dict[str, Any]:
    return {
        "uiBaseUrl": facts.ui_base_url,
        "project": facts.project,
        "promotion": facts.promotion,
        "stage": facts.stage,
        "targetFreight": {
            "name": facts.freight_name,
            "alias": facts.freight_alias,
            "origin": {"name": facts.warehouse},
        },
        "meta": {
            "promotion": {"actor": facts.actor, "rollback": facts.is_rollback},
            "step": {"alias": alias},
        },
    }


def _output(value: Mapping[str, Any] | UnknownOutput | None) -> Any:
    return EMPTY_OUTPUT if value is None else value


def _task_outputs(state: State, prefix: str) -> dict[str, Any]:
    return {alias.removeprefix(prefix): _output(value) for alias, value in state.items() if alias.startswith(prefix)}


def _step_meta(fact: StepFact) -> Record:
    values = {
        "Alias": fact.alias,
        "StartedAt": fact.started_at,
        "FinishedAt": fact.finished_at,
        "ErrorCount": fact.error_count,
        "Status": fact.status,
        "Message": fact.message,
        "ContinueOnError": fact.continue_on_error,
    }
    return Record("StepExecutionMetadata", values, _STEP_META_JSON)


def _type(value: object) -> str:
    """Name a kind of value; the value itself may be a secret."""
    if value is None:
        return "nil"
    names: dict[type, str] = {bool: "true or false", str: "a text", list: "a list", dict: "a map"}
    return names.get(type(value), "a number")
