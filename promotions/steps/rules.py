"""Rules over several fields of a config, as JSON schema: what models check in Python, said to others. Pure.

A rule is a schema with a `description`; the reference and the web form show that sentence. Empty, false and left out
are all "not given", as in the models.
"""

from collections.abc import Callable
from itertools import combinations
from typing import Any

from pydantic.config import JsonDict

_GIVEN: dict[str, Any] = {"not": {"enum": ["", False, None, [], {}]}}


def at_most_one(*names: str) -> dict[str, Any]:
    """At most one of the fields is given."""
    return {
        "description": f"At most one of {_enumerate(names)}.",
        "allOf": [{"not": _all_given(pair)} for pair in combinations(names, 2)],
    }


def exactly_one(*names: str) -> dict[str, Any]:
    """One of the fields is given, and only one."""
    return {
        "description": f"Exactly one of {_enumerate(names)}.",
        "oneOf": [_all_given((name,)) for name in names],
    }


def at_least_one(*names: str) -> dict[str, Any]:
    """One of the fields is given, or several."""
    return {
        "description": f"At least one of {_enumerate(names)}.",
        "anyOf": [_all_given((name,)) for name in names],
    }


def excludes(name: str, other: str) -> dict[str, Any]:
    """The one field is not given together with the other."""
    return {"description": f"{name} is not allowed with {other}.", "not": _all_given((name, other))}


def requires(name: str, other: str) -> dict[str, Any]:
    """The one field is given only together with the other."""
    return {
        "description": f"{name} requires {other}.",
        "if": _all_given((name,)),
        "then": _all_given((other,)),
    }


def with_rules(*rules: dict[str, Any]) -> Callable[[JsonDict], None]:
    """What a model's `json_schema_extra` adds: all of these rules."""

    def add(schema: JsonDict) -> None:
        schema["allOf"] = list(rules)

    return add


def _all_given(names: tuple[str, ...]) -> dict[str, Any]:
    return {"required": list(names), "properties": dict.fromkeys(names, _GIVEN)}


def _enumerate(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
