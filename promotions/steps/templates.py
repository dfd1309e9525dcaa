"""Configs as templates hold them, before their expressions are evaluated: what is wrong whatever these give. Pure."""

from typing import Any

from pydantic import ValidationError

from promotions.steps.base import Step

_STARTS = ("${{", "${%")


def list_certain_errors(step: Step[Any], config: Any) -> list[Any]:
    """Pydantic's findings on a config that do not depend on what an expression gives."""
    try:
        step.config.model_validate(config)
    except ValidationError as error:
        return [found for found in error.errors(include_url=False) if not depends_on_expression(found, config)]
    return []


def depends_on_expression(finding: Any, config: Any) -> bool:
    """True when the value, or the part of the config it is missing from, is not known before it is evaluated."""
    if finding["type"] in {"extra_forbidden", "missing"}:
        return False
    if holds_expression(finding["input"]):
        return True
    value = config
    for part in finding["loc"]:
        if isinstance(value, str) and value.lstrip().startswith(_STARTS):
            return True
        value = _step_down(value, part)
    return False


def holds_expression(value: Any) -> bool:
    """Tell whether there is an expression anywhere in it."""
    if isinstance(value, str):
        return any(start in value for start in _STARTS)
    if isinstance(value, dict):
        return any(holds_expression(item) for item in value.values())
    if isinstance(value, list):
        return any(holds_expression(item) for item in value)
    return False


def _step_down(value: Any, part: str | int) -> Any:
    if isinstance(value, dict):
        return value.get(part, value)
    if isinstance(value, list) and isinstance(part, int) and part < len(value):
        return value[part]
    return value
