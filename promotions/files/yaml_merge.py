"""Lay YAML documents over each other; comments, order and spelling of the first one stay. Pure.

Source: Kargo docs `promotion-steps/yaml-merge.md`.
Differs: lists are replaced but for a few of Kubernetes' own kinds, see `yaml_kubernetes.py`.
"""

import copy
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.resolver import VersionedResolver

from promotions.files import yaml_nodes as nodes
from promotions.files.documents import decode, split_mark
from promotions.files.errors import DocumentError
from promotions.files.yaml_kubernetes import find_merge_key, is_built_in
from promotions.files.yaml_values import build_value

_KEPT_RULES = frozenset({"tag:yaml.org,2002:null", "tag:yaml.org,2002:merge"})


class _AsWritten(VersionedResolver):
    """Numbers, booleans and dates are the text that is written, so that they come out as they went in."""

    @cached_property
    def _rules(self) -> dict[Any, Any]:
        rules = super().versioned_resolver
        return {first: [rule for rule in some if rule[0] in _KEPT_RULES] for first, some in rules.items()}

    @property
    def versioned_resolver(self) -> Any:
        return self._rules


def merge_yaml(documents: Sequence[tuple[str, bytes]]) -> bytes:
    """Merge the first documents of named files, later over earlier; empty ones are left out.

    Maps merge by key, null deletes a key, everything else is replaced. Raises DocumentError naming the file.
    """
    base: _Layer | None = None
    for name, data in documents:
        try:
            layer = _read(data)
            if layer is not None:
                base = layer if base is None else base.under(layer)
        except DocumentError as error:
            raise DocumentError(f'"{name}": {error}') from error
    return b"" if base is None else base.write()


class _Layer:
    """One document: the tree that keeps comments, the plain values to check it by, and how it is laid out."""

    def __init__(self, tree: Any, values: Any, mark: str, text: str, root: nodes.Node) -> None:
        self.tree, self.values, self._mark = tree, values, mark
        self._eol = "\r\n" if "\r\n" in text else "\n"
        self._starts_with_marker = any(line.startswith("---") for line in text.splitlines()[:1])
        self._indent, self._dash = _find_layout(root)

    def under(self, over: "_Layer") -> "_Layer":
        """This document with another one over it."""
        if not isinstance(self.values, dict) or not isinstance(over.values, dict):
            return over
        by_key = is_built_in(self.values) and is_built_in(over.values)
        shared = Counter(_list_maps(self.tree))
        _merge_trees(self.tree, over.tree, by_key, shared)
        self.values = _merge_values(self.values, over.values, by_key)
        return self

    def write(self) -> bytes:
        yaml = _library()
        yaml.explicit_start = self._starts_with_marker
        yaml.indent(mapping=self._indent, sequence=self._dash + 2, offset=self._dash)
        stream = io.StringIO()
        try:
            yaml.dump(self.tree, stream)
            text = stream.getvalue()
            written = build_value(nodes.read_first_document(text))
        except YAMLError as error:
            raise DocumentError(f"the result cannot be written: {error}") from error
        # What a reader would misunderstand must never reach a file.
        if written != self.values:
            raise DocumentError(
                "the result would not read back the same; write out the aliases and merge keys (<<) of these files"
            )
        return (self._mark + text.replace("\n", self._eol)).encode()


def _read(data: bytes) -> _Layer | None:
    mark, text = split_mark(decode(data))
    root = nodes.read_first_document(text)
    values = build_value(root)
    if root is None or values is None:
        return None
    try:
        # Later documents are not looked at.
        tree = next(_library().load_all(text.replace("\r\n", "\n")))
    except MarkedYAMLError as error:
        where = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        problem = str(error.problem or error.context).partition("\n")[0]
        raise DocumentError(f"it cannot be merged{where}: {problem}") from error
    except (YAMLError, RecursionError) as error:
        raise DocumentError(f"it cannot be merged: {error}") from error
    return _Layer(tree, values, mark, text, root)


def _library() -> YAML:
    yaml = YAML(typ="rt", pure=True)
    yaml.Resolver = _AsWritten
    yaml.preserve_quotes = True
    yaml.width = 1_000_000
    return yaml


def _list_maps(tree: Any) -> Iterator[int]:
    """The identity of each map, as often as the tree leads to it, but not twice into the same one."""
    seen: set[int] = set()
    todo = [tree]
    while todo:
        place = todo.pop()
        yield id(place)
        if id(place) not in seen:
            seen.add(id(place))
            children = place.values() if isinstance(place, dict) else place
            todo.extend(child for child in children if isinstance(child, dict | list))


def _merge_trees(base: Any, over: Any, by_key: bool, shared: Counter[int]) -> None:
    for key, value in over.items():
        old = base.get(key)
        if value is None:
            if key in base:
                del base[key]
            continue
        if isinstance(old, dict | list) and shared[id(old)] > 1:
            # An alias leads here as well, and must go on meaning what it did.
            old = base[key] = copy.deepcopy(old)
        if isinstance(value, dict) and isinstance(old, dict):
            _merge_trees(old, value, by_key, shared)
        elif by_key and (name := find_merge_key(key, old, value)):
            _merge_lists(old, value, name, shared)
        else:
            _put(base, over, key, value)


def _merge_lists(base: list[Any], over: list[Any], name: str, shared: Counter[int]) -> None:
    for item in over:
        same = next((place for place in base if place.get(name) == item[name]), None)
        if same is None:
            base.append(item)
        else:
            _merge_trees(same, item, True, shared)


def _put(base: Any, over: Any, key: Any, value: Any) -> None:
    """Set a key; a new one brings its comment along, an old one keeps its own while it stays a scalar."""
    comments = base.ca.items if isinstance(base, CommentedMap) else {}
    if key not in base:
        if key in over.ca.items:
            comments[key] = over.ca.items[key]
    elif isinstance(value, dict | list) or isinstance(base[key], dict | list):
        comments.pop(key, None)
    base[key] = value


def _merge_values(base: Any, over: Any, by_key: bool) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(old, dict):
            merged[key] = _merge_values(old, value, by_key)
        elif by_key and (name := find_merge_key(key, old, value)):
            items = {item[name]: item for item in old or ()}
            for item in value:
                known = items.get(item[name])
                items[item[name]] = item if known is None else _merge_values(known, item, by_key)
            merged[key] = list(items.values())
        else:
            merged[key] = value
    return merged


def _find_layout(root: nodes.Node) -> tuple[int, int]:
    """How far maps and the dashes of lists are indented in their maps: (2, 0) when the document does not show it."""
    indent = dash = None
    todo: list[nodes.Node] = [root]
    while todo and (indent is None or dash is None):
        node = todo.pop()
        if isinstance(node, nodes.Mapping) and not node.is_flow:
            for _, value in node.items:
                todo.append(value)
                if not isinstance(value, nodes.Mapping | nodes.Sequence) or value.is_flow or value.anchor:
                    continue
                if isinstance(value, nodes.Mapping):
                    indent = indent or value.column - node.column
                else:
                    dash = value.column - node.column if dash is None else dash
        elif isinstance(node, nodes.Sequence):
            todo.extend(node.items)
    return min(max(indent or 2, 2), 8), min(dash or 0, 8)
