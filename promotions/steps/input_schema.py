"""JSON schemas that people's input is checked against: written by one person, run on what another one sends. Pure.

Patterns run in linear time and references stay inside of the schema, so a schema can neither hang the site nor have
it fetch something.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import re2

_MOST_BYTES = 64 * 1024
_MOST_FIELDS = 50
_MOST_ERRORS = 50
_LONGEST_MESSAGE = 300

# Below these stand values, not schemas.
_PLAIN_DATA = frozenset({"default", "enum", "const", "examples"})

_QUIET = re2.Options()
_QUIET.log_errors = False


class InputError(NamedTuple):
    """What is wrong with a value; `field` is the property it stands in, empty for all together."""

    field: str
    message: str


def find_schema_fault(schema: Mapping[str, Any]) -> str:
    """What is wrong with the schema, in words; empty when it can be used."""
    if schema.get("type") != "object":
        return "type must be object: an answer is a set of named values"
    try:
        if len(json.dumps(schema)) > _MOST_BYTES:
            return f"is larger than {_MOST_BYTES // 1024} KiB"
    except (TypeError, ValueError, RecursionError):
        return "holds something that is not JSON"
    if fault := next(_list_faults(schema), ""):
        return fault
    # Imported where it is used: the command line loads all steps and must start quickly.
    from jsonschema.exceptions import SchemaError

    try:
        _checker(schema).check_schema(dict(schema))
    except SchemaError as error:
        where = ".".join(str(part) for part in error.absolute_path)
        return f"{where}: {error.message}"[:_LONGEST_MESSAGE] if where else error.message[:_LONGEST_MESSAGE]
    properties = schema.get("properties") or {}
    if len(properties) > _MOST_FIELDS:
        return f"has more than {_MOST_FIELDS} properties"
    return ""


def list_input_errors(schema: Mapping[str, Any], values: Mapping[str, Any]) -> list[InputError]:
    """Everything in which the values do not fit the schema."""
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    validator = _checker(schema)(dict(schema), registry=Registry())
    found: list[InputError] = []
    try:
        for error in validator.iter_errors(dict(values)):
            found += _explain(error)
            if len(found) >= _MOST_ERRORS:
                break
    except (Unresolvable, RecursionError, re2.error):
        return [
            InputError("", "The schema of this step cannot be used: it refers to what is not there, or to itself.")
        ]
    return list(dict.fromkeys(found))


def _checker(schema: Mapping[str, Any]) -> Any:
    """The validator of the draft that the schema names, with patterns in linear time."""
    from jsonschema.validators import Draft7Validator, extend, validator_for

    known = validator_for(dict(schema), default=Draft7Validator)
    return extend(  # type: ignore[no-untyped-call]
        known, {"pattern": _check_pattern, "patternProperties": _check_pattern_properties}
    )


def _check_pattern(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[Any]:
    from jsonschema.exceptions import ValidationError

    if isinstance(instance, str) and not re2.compile(pattern, _QUIET).search(instance):
        yield ValidationError(f"must match {pattern}")


def _check_pattern_properties(validator: Any, patterns: Any, instance: Any, _schema: Any) -> Iterator[Any]:
    if not isinstance(instance, dict):
        return
    for pattern, subschema in patterns.items():
        compiled = re2.compile(pattern, _QUIET)
        for key, value in instance.items():
            if compiled.search(key):
                yield from validator.descend(value, subschema, path=key, schema_path=pattern)


def _list_faults(part: Any, depth: int = 0) -> Iterator[str]:
    if depth > 40:
        yield "is nested too deeply"
        return
    if isinstance(part, list):
        for item in part:
            yield from _list_faults(item, depth + 1)
    if not isinstance(part, Mapping):
        return
    reference = part.get("$ref")
    if isinstance(reference, str) and not reference.startswith("#"):
        yield f'$ref "{reference}" leads out of the schema; only references that begin with # are followed'
    keyed = part.get("patternProperties")
    for pattern in (part.get("pattern"), *(keyed if isinstance(keyed, Mapping) else ())):
        if isinstance(pattern, str):
            try:
                re2.compile(pattern, _QUIET)
            except re2.error:
                yield f'"{pattern}" is not a regular expression of RE2 syntax'
    for key, value in part.items():
        if key not in _PLAIN_DATA:
            yield from _list_faults(value, depth + 1)


def _explain(error: Any) -> Iterator[InputError]:
    field = str(error.absolute_path[0]) if error.absolute_path else ""
    if error.validator == "required" and not field:
        for name in error.validator_value:
            if name not in error.instance:
                yield InputError(str(name), "This is required.")
        return
    if error.validator in ("pattern", "enum", "minLength", "maxLength", "minimum", "maximum", "const"):
        yield InputError(field, _SAY[error.validator].format(error.validator_value))
        return
    yield InputError(field, str(error.message)[:_LONGEST_MESSAGE])


_SAY = {
    "pattern": "This must match {}.",
    "enum": "This must be one of {}.",
    "const": "This must be {}.",
    "minLength": "This needs at least {} characters.",
    "maxLength": "This may have at most {} characters.",
    "minimum": "This must be at least {}.",
    "maximum": "This must be at most {}.",
}
