"""What the modules of steps say of themselves, as data: for reference, catalogue and `kargoweb step list`. Pure.

A module's docstring begins "kind: what it does." Its paragraphs are shown, without the `Source:` lines; `Differs:` is
a note of its own.
"""

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from promotions.steps.base import Effect, Step
from promotions.steps.durations import SCHEMA_PATTERN
from promotions.steps.schema import Schema, config_schema, list_rules

_MARK = re.compile(r"^(Source|Differs): ", re.MULTILINE)
_LIMITS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "at least {} characters",
    "minItems": "at least {} entries",
    "minProperties": "at least {} keys",
    "pattern": "matches `{}`",
    "format": "{}",
}
_FORMATS = {"uri": "a URL with its scheme", "email": "an e-mail address"}
_DURATION = "a duration such as 30s, 5m or 1h30m"
_NAMES = {"string": "text", "integer": "whole number", "object": "map", "array": "list", "boolean": "true or false"}


@dataclass(frozen=True, slots=True)
class ConfigField:
    """One field of a config; `path` is `checkout[].path`, `default` its JSON or empty."""

    path: str
    type: str
    is_required: bool
    default: str
    rules: tuple[str, ...]
    description: str


@dataclass(frozen=True, slots=True)
class StepReference:
    """One kind of step. Texts are Markdown with backquotes only; `paragraphs` may be empty."""

    kind: str
    summary: str
    paragraphs: tuple[str, ...]
    differs: str
    fields: tuple[ConfigField, ...]
    # Rules over several fields: (path of the object, "" for the config itself; sentence).
    rules: tuple[tuple[str, str], ...]
    outputs: tuple[tuple[str, str], ...]
    effect: Effect
    rerun: str
    error_threshold: int
    timeout: timedelta | None
    preview: str


# By the function that runs the step: a module says the same of itself as long as the process lives.
_DESCRIBED: dict[Callable[..., Any], StepReference] = {}


def describe_step(step: Step[Any]) -> StepReference:
    """All that is known about a kind of step without running it."""
    if step.run not in _DESCRIBED:
        _DESCRIBED[step.run] = _describe(step)
    return _DESCRIBED[step.run]


def _describe(step: Step[Any]) -> StepReference:
    text = sys.modules[step.run.__module__].__doc__ or step.kind
    summary, _, rest = text.strip().partition("\n\n")
    paragraphs, differs = _split(rest)
    schema = config_schema(step)
    return StepReference(
        kind=step.kind,
        summary=_sentence(_join(summary).removeprefix(f"{step.kind}: ")),
        paragraphs=paragraphs,
        differs=_sentence(differs),
        fields=tuple(_list_fields(schema, "")),
        rules=tuple(_list_rules(schema, "")),
        outputs=tuple(step.outputs.items()),
        effect=step.effect,
        rerun=step.rerun,
        error_threshold=step.error_threshold,
        timeout=step.timeout,
        preview=_say_preview(step),
    )


def _split(text: str) -> tuple[tuple[str, ...], str]:
    """The paragraphs without `Source:` and `Differs:`, and what differs."""
    paragraphs, differs = [], ""
    for block in filter(None, (part.strip() for part in text.split("\n\n"))):
        before, *marked = _MARK.split(block)
        if before.strip():
            paragraphs.append(_join(before))
        for mark, content in zip(marked[::2], marked[1::2], strict=True):
            if mark == "Differs":
                differs = _join(content)
    return tuple(paragraphs), differs


def _say_preview(step: Step[Any]) -> str:
    detail = f" {_join(step.would.__doc__)}" if step.would and step.would.__doc__ else ""
    if step.effect is Effect.WORKSPACE:
        return f"The step runs in a throw-away work tree.{detail}"
    if step.would is None:
        return "The step is named, and nothing is done."
    return f"The step says what it would do, and does not do it.{detail}"


def _list_fields(schema: Schema, prefix: str) -> list[ConfigField]:
    fields = []
    for name, node in schema.get("properties", {}).items():
        path = f"{prefix}{name}"
        fields.append(
            ConfigField(
                path=path,
                type=_name_type(node),
                is_required=name in schema.get("required", ()),
                default=_show(node.get("default")),
                rules=tuple(_list_limits(node)),
                description=node.get("description", ""),
            )
        )
        item, below = _step_into(node)
        fields += _list_fields(item, f"{path}{below}")
    if not prefix and schema.get("additionalProperties") is True:
        fields.append(ConfigField(f"{prefix}<name>", "any", False, "", (), "Any name, any value."))
    return fields


def _list_rules(schema: Schema, path: str) -> list[tuple[str, str]]:
    rules = [(path, rule) for rule in list_rules(schema)]
    for name, node in schema.get("properties", {}).items():
        item, below = _step_into(node)
        inside = f"{path}.{name}" if path else name
        rules += _list_rules(item, f"{inside}{below.rstrip('.')}")
    return rules


def _step_into(node: Schema) -> tuple[Schema, str]:
    """The object that a field holds, or a list of it, and how a path goes on."""
    if node.get("type") == "array":
        return node.get("items", {}), "[]."
    return node, "."


def _name_type(node: Schema) -> str:
    if "enum" in node:
        return " or ".join(f"`{word}`" for word in node["enum"])
    kind = node.get("type")
    if kind == "array":
        return f"list of {_name_type(node.get('items', {}))}"
    values = node.get("additionalProperties")
    if kind == "object" and isinstance(values, dict):
        return f"map of {_name_type(values)}"
    return _NAMES.get(str(kind), "any")


def _list_limits(node: Schema) -> list[str]:
    limits = []
    for word, text in _LIMITS.items():
        if word in node:
            value = node[word]
            if value == SCHEMA_PATTERN:
                limits.append(_DURATION)
                continue
            is_one = value == 1 and word.startswith("min") and word != "minimum"
            limits.append("not empty" if is_one else text.format(_FORMATS.get(value, value)))
    if node.get("uniqueItems"):
        limits.append("nothing twice")
    if node.get("items", {}).get("minLength"):
        limits.append("no empty texts")
    # A URL and an address are never empty.
    return [limit for limit in limits if limit != "not empty" or "format" not in node]


def _show(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _join(text: str | None) -> str:
    return " ".join((text or "").split())


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
