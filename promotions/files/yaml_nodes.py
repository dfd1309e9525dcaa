"""The first document of a YAML text as nodes that know where they stand in it. Pure.

Aliases stay aliases: nothing is expanded here, so a small text cannot become a large tree.
"""

import re
from dataclasses import dataclass, replace
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from promotions.files.errors import DocumentError

_MAX_DEPTH = 100
_COLON = re.compile(r"\s*:")


@dataclass(frozen=True, slots=True)
class Scalar:
    """`start` counts characters and includes anchor and tag; `style` is "", one of `'"|>`."""

    start: int
    end: int
    line: int
    column: int
    value: str
    style: str
    tag: str
    anchor: str
    is_in_flow: bool


@dataclass(frozen=True, slots=True)
class Alias:
    start: int
    end: int
    name: str


@dataclass(frozen=True, slots=True)
class Mapping:
    start: int
    end: int
    column: int
    is_flow: bool
    anchor: str
    items: tuple[tuple["Node", "Node"], ...]


@dataclass(frozen=True, slots=True)
class Sequence:
    start: int
    end: int
    column: int
    is_flow: bool
    anchor: str
    items: tuple["Node", ...]


Node = Scalar | Alias | Mapping | Sequence


def read_first_document(text: str) -> Node | None:
    """None when there is no document. Raises DocumentError with line and column when it is not YAML."""
    try:
        # Later documents are not looked at: what follows the first one may be anything.
        return _Reader(text).read()
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise DocumentError(f"it is not valid YAML{where}: {error.problem or error.context}") from error
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise DocumentError(
            f"it is not a text file: line {line} holds the control character {error.character:#04x}"
        ) from error
    except YAMLError as error:
        raise DocumentError(f"it is not valid YAML: {error}") from error
    except RecursionError as error:
        raise DocumentError("it is nested too deeply") from error


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._events = YAML(typ="safe", pure=True).parse(text)
        self._flow_depth = 0

    def read(self) -> Node | None:
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                return self._node(next(self._events), depth=0)
        return None

    def _node(self, event: Any, depth: int) -> Node:
        if depth > _MAX_DEPTH:
            raise DocumentError(f"it is nested deeper than {_MAX_DEPTH} levels")
        start, end = event.start_mark, event.end_mark
        match event:
            case AliasEvent():
                return Alias(start.index, end.index, event.anchor)
            case ScalarEvent():
                return Scalar(
                    start.index,
                    end.index,
                    start.line,
                    start.column,
                    event.value,
                    event.style or "",
                    str(event.tag or ""),
                    event.anchor or "",
                    self._flow_depth > 0,
                )
            case MappingStartEvent():
                return self._mapping(event, depth)
            case SequenceStartEvent():
                return self._sequence(event, depth)
        raise DocumentError(f"it holds an unexpected {type(event).__name__}")

    def _mapping(self, event: Any, depth: int) -> Mapping:
        items = []
        self._flow_depth += bool(event.flow_style)
        while not isinstance(key := next(self._events), MappingEndEvent):
            name = self._node(key, depth + 1)
            items.append((name, self._place_empty(name, self._node(next(self._events), depth + 1))))
        self._flow_depth -= bool(event.flow_style)
        start = event.start_mark
        return Mapping(
            start.index,
            key.end_mark.index,
            start.column,
            bool(event.flow_style),
            event.anchor or "",
            tuple(items),
        )

    def _place_empty(self, name: Node, value: Node) -> Node:
        """The parser places a missing value where the next thing begins; its place is behind the colon."""
        colon = _COLON.match(self._text, name.end)
        if isinstance(value, Scalar) and value.start == value.end and colon:
            return replace(value, start=colon.end(), end=colon.end())
        return value

    def _sequence(self, event: Any, depth: int) -> Sequence:
        items = []
        self._flow_depth += bool(event.flow_style)
        while not isinstance(item := next(self._events), SequenceEndEvent):
            items.append(self._node(item, depth + 1))
        self._flow_depth -= bool(event.flow_style)
        start = event.start_mark
        return Sequence(
            start.index,
            item.end_mark.index,
            start.column,
            bool(event.flow_style),
            event.anchor or "",
            tuple(items),
        )
