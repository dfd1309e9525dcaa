"""A config as a form sees it: a tree of fields, groups, lists and maps, made of a JSON schema. Pure.

The tree is read from what a browser sent or from a config, and gives the config back. Every field is a text, because
every value of a template may be an expression; a list, a map or a group may be one as a whole.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from promotions.steps.schema import Schema
from promotions.steps.templates import holds_expression

# What a select sends when its value is typed as an expression.
BY_EXPRESSION = "${{"
COUNT, EXPRESSION, KEY = "--count", "--expression", "--key"
# A browser may ask for no more rows than this.
MAX_ROWS = 100


class Shape(StrEnum):
    """How a part of the config is drawn."""

    TEXT = "text"
    CHOICE = "choice"
    GROUP = "group"
    ROWS = "rows"
    PAIRS = "pairs"


class _Missing:
    """The field is left out."""


MISSING = _Missing()


@dataclass(slots=True)
class Node:
    """One part of the config. `text`: its value, or the expression in place of all that is below it."""

    name: str
    label: str
    schema: Schema
    is_required: bool
    text: str = ""
    # Of an entry of a map.
    key: str = ""
    children: list["Node"] = field(default_factory=list)

    @property
    def shape(self) -> Shape:
        kind = self.schema.get("type")
        if kind == "array":
            return Shape.ROWS
        if kind == "object":
            return Shape.GROUP if self.schema.get("properties") else Shape.PAIRS
        return Shape.CHOICE if self.choices else Shape.TEXT

    @property
    def choices(self) -> list[str]:
        if self.schema.get("type") == "boolean":
            return ["true", "false"]
        return [str(word) for word in self.schema.get("enum", ())]

    def walk(self) -> Iterator["Node"]:
        """This node and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()

    def add_row(self) -> None:
        """One more empty entry of a list or map."""
        if len(self.children) < MAX_ROWS:
            self.children.append(_grow(self, len(self.children), MISSING))

    def remove_row(self, name: str) -> None:
        """Take the entry of this name out; those behind it move up."""
        kept = [(child.key, value_of(child)) for child in self.children if child.name != name]
        self.children = []
        for index, (key, value) in enumerate(kept):
            child = _grow(self, index, value)
            child.key = key
            self.children.append(child)


def plant(
    schema: Schema, name: str, value: Any, *, label: str = "", is_required: bool = True, is_begun: bool = True
) -> Node:
    """The tree of a config; MISSING is an empty one.

    A list that must not be empty begins with one entry, unless it lies in a group that may be left out (not begun).
    """
    node = Node(name, label, schema, is_required)
    begins = is_begun and (is_required or value is not MISSING)
    if isinstance(value, str) and node.shape in (Shape.GROUP, Shape.ROWS, Shape.PAIRS):
        node.text = value
        value = MISSING
    match node.shape:
        case Shape.GROUP:
            given = value if isinstance(value, Mapping) else {}
            node.children = [
                plant(
                    part,
                    f"{name}-{key}",
                    given.get(key, MISSING),
                    label=key,
                    is_required=_requires(schema, key),
                    is_begun=begins,
                )
                for key, part in schema["properties"].items()
            ]
        case Shape.ROWS:
            is_wanted = begins and is_required and schema.get("minItems") and not node.text
            items = value if isinstance(value, list) else [MISSING] if is_wanted else []
            node.children = [_grow(node, index, item) for index, item in enumerate(items)]
        case Shape.PAIRS:
            is_wanted = begins and is_required and not node.text
            pairs = value.items() if isinstance(value, Mapping) else [("", MISSING)] if is_wanted else []
            for index, (key, item) in enumerate(pairs):
                node.children.append(_grow(node, index, item))
                node.children[-1].key = str(key)
        case _:
            node.text = "" if value is MISSING else _write(schema, value)
    return node


def read(schema: Schema, name: str, data: Mapping[str, Any], *, label: str = "", is_required: bool = True) -> Node:
    """The tree of what a browser sent."""
    node = Node(name, label, schema, is_required)
    match node.shape:
        case Shape.GROUP:
            node.children = [
                read(part, f"{name}-{key}", data, label=key, is_required=_requires(schema, key))
                for key, part in schema["properties"].items()
            ]
        case Shape.ROWS | Shape.PAIRS:
            below = _schema_below(node)
            for index in range(_count(data.get(f"{name}{COUNT}"))):
                child = read(below, f"{name}-{index}", data, label=str(index + 1))
                child.key = str(data.get(f"{child.name}{KEY}") or "")
                node.children.append(child)
    if node.shape is Shape.TEXT:
        node.text = str(data.get(name) or "").replace("\r\n", "\n")
    else:
        chosen = str(data.get(name) or "")
        is_typed = node.shape is not Shape.CHOICE or chosen == BY_EXPRESSION
        node.text = str(data.get(f"{name}{EXPRESSION}") or "").strip() if is_typed else chosen
    return node


def value_of(node: Node) -> Any:
    """The value for the config, or MISSING when nothing was given."""
    if node.shape in (Shape.TEXT, Shape.CHOICE):
        return _read_text(node)
    if node.text:
        return node.text
    match node.shape:
        case Shape.GROUP:
            values = {child.label: value_of(child) for child in node.children}
            given = {key: value for key, value in values.items() if value is not MISSING}
            return given if node.is_required or _is_touched(node) else MISSING
        case Shape.ROWS:
            items = [value_of(child) for child in node.children]
            return [_fill(item, node) for item in items] or MISSING
        case _:
            pairs = {child.key: value_of(child) for child in node.children}
            filled = {k: _fill(v, node) for k, v in pairs.items() if k or v is not MISSING}
            return filled or MISSING


def _is_touched(node: Node) -> bool:
    return any(below.text or _has_rows(below) for below in node.walk())


def _has_rows(node: Node) -> bool:
    return node.shape in (Shape.ROWS, Shape.PAIRS) and bool(node.children)


def _grow(node: Node, index: int, value: Any) -> Node:
    return plant(_schema_below(node), f"{node.name}-{index}", value, label=str(index + 1))


def _schema_below(node: Node) -> Schema:
    below = node.schema.get("items" if node.shape is Shape.ROWS else "additionalProperties")
    return below if isinstance(below, dict) else {}


def _requires(schema: Schema, key: str) -> bool:
    return key in schema.get("required", ())


def _count(text: Any) -> int:
    return min(int(text), MAX_ROWS) if isinstance(text, str) and text.isascii() and text.isdigit() else 0


def _fill(value: Any, node: Node) -> Any:
    """An entry that is there but empty."""
    if value is not MISSING:
        return value
    return {} if _schema_below(node).get("type") == "object" else ""


def _read_text(node: Node) -> Any:
    text, kind = node.text, node.schema.get("type")
    if not text:
        has_rule = any(word in node.schema for word in ("minLength", "pattern", "format", "enum"))
        return "" if kind == "string" and node.is_required and not has_rule else MISSING
    if kind == "string" or holds_expression(text):
        return text
    try:
        return YAML(typ="safe").load(text)
    except YAMLError:
        return text


def _write(schema: Schema, value: Any) -> str:
    """The text that `_read_text` reads as this value."""
    if not isinstance(value, str):
        if isinstance(value, dict | list):
            return _flow(value)
        return json.dumps(value)
    if schema.get("type") == "string" or holds_expression(value):
        return value
    return value if value and _read_text(Node("", "", {}, True, text=value)) == value else json.dumps(value)


def _flow(value: Any) -> str:
    yaml = YAML(typ="safe")
    yaml.default_flow_style, yaml.width = True, 4096
    stream = StringIO()
    yaml.dump(value, stream)
    return stream.getvalue().strip()
