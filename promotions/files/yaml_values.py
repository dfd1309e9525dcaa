"""YAML nodes as JSON values: maps with text keys, lists, text, numbers, booleans, null. Pure.

Aliases and merge keys are followed up to a limit, so that a few lines cannot fill the memory.
"""

import json
from collections.abc import Callable
from typing import Any

from promotions.files import yaml_nodes as nodes
from promotions.files.errors import DocumentError
from promotions.files.yaml_scalars import Plain, read_plain

ReadScalar = Callable[[str], Plain]

_MAX_NODES = 200_000
_STRING_TAGS = frozenset({"!", "!!str", "tag:yaml.org,2002:str", "tag:yaml.org,2002:binary"})


def build_value(
    node: nodes.Node | None, *, numbers_as_text: bool = False, read_scalar: ReadScalar = read_plain
) -> Any:
    """With `numbers_as_text` numbers and booleans come as written (`1.10`); null stays null.

    `read_scalar` says what a bare scalar means. Raises DocumentError for an unknown alias, a circle, a merge of no
    map, or too many nodes.
    """
    return None if node is None else _Builder(numbers_as_text, read_scalar).build(node)


class _Builder:
    def __init__(self, numbers_as_text: bool, read_scalar: ReadScalar) -> None:
        self._numbers_as_text = numbers_as_text
        self._read_scalar = read_scalar
        self._anchors: dict[str, nodes.Node] = {}
        self._open: set[str] = set()
        self._left = _MAX_NODES

    def build(self, node: nodes.Node) -> Any:
        self._left -= 1
        if self._left < 0:
            raise DocumentError(f"it has more than {_MAX_NODES} values")
        if isinstance(node, nodes.Alias):
            return self._follow(node)
        if node.anchor:
            self._anchors[node.anchor] = node
        match node:
            case nodes.Scalar():
                return self._build_scalar(node)
            case nodes.Sequence():
                return [self.build(item) for item in node.items]
            case nodes.Mapping():
                return self._build_mapping(node)

    def _follow(self, alias: nodes.Alias) -> Any:
        if alias.name not in self._anchors or alias.name in self._open:
            raise DocumentError(f"alias *{alias.name} means nothing, or itself")
        self._open.add(alias.name)
        # A copy each time: a change to one place must not show up in another.
        value = self.build(self._anchors[alias.name])
        self._open.discard(alias.name)
        return value

    def _build_mapping(self, node: nodes.Mapping) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        for name, value in node.items:
            if isinstance(name, nodes.Scalar) and name.value == "<<" and not name.style:
                merged = {**self._merge(value), **merged}
            else:
                own[self._key(name)] = self.build(value)
        return {**merged, **own}

    def _merge(self, value: nodes.Node) -> dict[str, Any]:
        sources = self.build(value)
        result: dict[str, Any] = {}
        for source in sources if isinstance(sources, list) else [sources]:
            if not isinstance(source, dict):
                raise DocumentError("a merge key (<<) takes a map or a list of maps")
            result = {**source, **result}
        return result

    def _key(self, name: nodes.Node) -> str:
        if isinstance(name, nodes.Alias):
            name = self._anchors.get(name.name, name)
        if not isinstance(name, nodes.Scalar):
            raise DocumentError("a key must be a plain value")
        if name.anchor:
            self._anchors[name.anchor] = name
        return name.value if self._read_scalar is read_plain else _spell_key(self._build_scalar(name))

    def _build_scalar(self, node: nodes.Scalar) -> Plain:
        if node.style or node.tag in _STRING_TAGS:
            return node.value
        value = self._read_scalar(node.value)
        return node.value if self._numbers_as_text and value is not None else value


def _spell_key(key: Plain) -> str:
    """A key of YAML 1.1 as the key of a JSON map: `on` and `true` are the same key."""
    return key if isinstance(key, str) else json.dumps(key)
