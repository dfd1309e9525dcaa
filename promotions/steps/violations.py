"""Pydantic's complaints about a step's config, said so that a template's author can act on them. Pure."""

import difflib
from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

_QUOTE_HINT = "an expression turned it into one; wrap it in quote() to keep it a string"


def list_violations(error: ValidationError, config: type[BaseModel]) -> list[str]:
    """One text for each violation, `field[0].name: what is wrong`; no values, they may be secret."""
    return [_explain(details, config) for details in error.errors(include_url=False)]


def _explain(details: Mapping[str, Any], config: type[BaseModel]) -> str:
    where = _spell_location(details["loc"])
    text = say_violation(details, config)
    return f"{where}: {text}" if where else text


def say_violation(details: Mapping[str, Any], config: type[BaseModel]) -> str:
    """What is wrong with one field, without its name; `details` is one of pydantic's findings."""
    kind, context = details["type"], details.get("ctx", {})
    if kind == "missing":
        return "is required"
    if kind == "extra_forbidden":
        return "unknown field" + _did_you_mean(details["loc"], config)
    if kind == "string_type":
        return f"must be a string, got {_name_type(details['input'])}" + _string_hint(details["input"])
    if kind == "string_too_short":
        return "must not be empty"
    if kind == "too_short":
        return f"must have at least {context['min_length']} item"
    if kind in ("list_type", "dict_type", "model_type", "bool_type", "int_type", "model_attributes_type"):
        return f"must be {_EXPECTED[kind]}, got {_name_type(details['input'])}"
    if kind in ("literal_error", "enum"):
        return f"must be one of {context['expected']}"
    if kind == "string_pattern_mismatch":
        return f"must match {context['pattern']}"
    if kind == "value_error":
        return str(context["error"])
    message: str = details["msg"]
    return message[:1].lower() + message[1:]


_EXPECTED = {
    "list_type": "a list",
    "dict_type": "a map",
    "model_type": "a map",
    "model_attributes_type": "a map",
    "bool_type": "true or false",
    "int_type": "a whole number",
}


def _string_hint(value: object) -> str:
    if isinstance(value, int | float):
        return f" ({_QUOTE_HINT})"
    if isinstance(value, dict | list):
        return " (use asJSON(), asYAML() or quote() to get text)"
    return ""


def _name_type(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "a map" if isinstance(value, Mapping) else "a list"


def _spell_location(location: tuple[int | str, ...]) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _did_you_mean(location: tuple[int | str, ...], config: type[BaseModel]) -> str:
    model: type[BaseModel] | None = config
    for part in location[:-1]:
        if isinstance(part, str) and model is not None:
            model = _model_of_field(model, part)
    if model is None:
        return ""
    known = [field.alias or name for name, field in model.model_fields.items()]
    close = difflib.get_close_matches(str(location[-1]), known, n=1)
    return f', did you mean "{close[0]}"?' if close else f"; known are {', '.join(known)}"


def _model_of_field(model: type[BaseModel], alias: str) -> type[BaseModel] | None:
    for name, field in model.model_fields.items():
        if alias in (name, field.alias):
            return _find_model(field.annotation)
    return None


def _find_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_find_model(argument) for argument in get_args(annotation))
    return next((model for model in found if model is not None), None)
