"""The form of get-user-input: fields made from a JSON schema, and what was typed into them back to values.

Texts, numbers, choices and yes or no have fields of their own; any other value is typed as JSON. Pure.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PREFIX = "value-"
_LONGEST = 10_000
_LONG_TEXT = 200
_INPUT_TYPES = {"date": "date", "email": "email", "uri": "url", "time": "time"}


@dataclass(frozen=True, slots=True)
class InputField:
    """One field. `kind`: text, long, number, integer, boolean, choice, json; `choices` are (value, label)."""

    name: str
    label: str
    kind: str
    help: str = ""
    is_required: bool = False
    value: str = ""
    input_type: str = "text"
    choices: tuple[tuple[str, str], ...] = ()
    error: str = ""

    @property
    def key(self) -> str:
        """Name of the control."""
        return PREFIX + self.name


def list_fields(
    schema: Mapping[str, Any], *, typed: Mapping[str, str] | None = None, errors: Mapping[str, str] | None = None
) -> tuple[InputField, ...]:
    """The fields of a schema in its order; with what was typed (`typed`), or else with the defaults."""
    required = schema.get("required") or []
    properties = schema.get("properties") or {}
    return tuple(
        _field(name, part if isinstance(part, Mapping) else {}, name in required, typed, (errors or {}).get(name, ""))
        for name, part in properties.items()
    )


def read_values(schema: Mapping[str, Any], typed: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """({name: value}, {name: what is wrong}). What was left empty is not given."""
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for field in list_fields(schema, typed=typed):
        part = schema["properties"][field.name]
        text = typed.get(field.key, "")
        if field.kind == "boolean":
            values[field.name] = bool(text)
        elif text.strip():
            try:
                values[field.name] = _read(field, part, text)
            except ValueError as error:
                errors[field.name] = str(error)
    return values, errors


def _field(
    name: str, part: Mapping[str, Any], is_required: bool, typed: Mapping[str, str] | None, error: str
) -> InputField:
    kind = _kind_of(part)
    choices = _choices(part) if kind == "choice" else ()
    value = _shown_default(part, kind) if typed is None else typed.get(PREFIX + name, "")
    return InputField(
        name=name,
        label=str(part.get("title") or name),
        kind=kind,
        help=str(part.get("description") or ""),
        is_required=is_required,
        value=value,
        input_type=_INPUT_TYPES.get(str(part.get("format")), "text"),
        choices=choices,
        error=error,
    )


def _kind_of(part: Mapping[str, Any]) -> str:
    if isinstance(part.get("enum"), list):
        return "choice"
    wanted = part.get("type")
    if isinstance(wanted, list):
        wanted = next((kind for kind in wanted if kind != "null"), None)
    if wanted == "string":
        longest = part.get("maxLength")
        is_long = part.get("format") == "textarea" or (isinstance(longest, int) and longest > _LONG_TEXT)
        return "long" if is_long else "text"
    return str(wanted) if wanted in ("number", "integer", "boolean") else "json"


def _choices(part: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    # By position: the values may be numbers or maps, and a form sends text.
    return tuple((str(index), _as_text(value)) for index, value in enumerate(part["enum"]))


def _shown_default(part: Mapping[str, Any], kind: str) -> str:
    if "default" not in part:
        return ""
    default = part["default"]
    if kind == "choice":
        return str(part["enum"].index(default)) if default in part["enum"] else ""
    if kind == "boolean":
        return "on" if default is True else ""
    return json.dumps(default, indent=2) if kind == "json" else _as_text(default)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _read(field: InputField, part: Mapping[str, Any], text: str) -> Any:
    """Raises ValueError with what to type instead."""
    if len(text) > _LONGEST:
        raise ValueError(f"Type at most {_LONGEST} characters.")
    match field.kind:
        case "integer":
            return _read_number(text, int, "a whole number, for example 3")
        case "number":
            return _read_number(text, float, "a number, for example 2.5")
        case "choice":
            if not text.isdecimal() or int(text) >= len(part["enum"]):
                raise ValueError("Choose one of the values offered.")
            return part["enum"][int(text)]
        case "json":
            return _read_json(text)
    # Browsers send line ends of their own.
    return text.replace("\r\n", "\n") if field.kind == "long" else text


def _read_number(text: str, kind: type[int] | type[float], wanted: str) -> int | float:
    try:
        number = kind(text.strip())
    except ValueError:
        raise ValueError(f"Type {wanted}.") from None
    if not math.isfinite(number):
        raise ValueError(f"Type {wanted}.")
    return number


def _read_json(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=lambda name: json.loads(""))
    except (ValueError, RecursionError):
        raise ValueError('Type JSON, for example {"key": ["a", "b"]}.') from None
