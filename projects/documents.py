"""YAML text to documents that know where each value stands, so that every problem has file, line and column.

No Django: the offline linter reads with the same code. Aliases and merge keys work; size, depth and the
number of values are limited, so a few hundred bytes cannot unfold to gigabytes.

Differs: Kargo reads YAML 1.1, where `yes` and `on` are booleans; here they are text, as YAML 1.2 has it, and
a field that needs a boolean says so. Dates stay text.
"""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
)
from ruamel.yaml.nodes import ScalarNode

# A page waits for the reading, which takes 50 µs a value and 2 µs a byte: a text at its limits costs seconds.
MAX_BYTES = 1024 * 1024
MAX_DEPTH = 60
# NUL, and halves of surrogate pairs: databases take neither.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
MAX_VALUES = 30_000  # keys count too
_STANDARD = "tag:yaml.org,2002:"

Path = tuple[str | int, ...]
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class SourceText:
    """YAML as it came: the name people know it by (a path, `-`, "form") and the text."""

    file: str
    text: str


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something a person has to change. Line and column count from 1; `hint` says what to do.

    `rule` is the stable id of the check that found it; `excerpt` is the line of an expression with a caret below.
    """

    file: str
    line: int
    column: int
    message: str
    hint: str = ""
    rule: str = "schema"
    excerpt: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document: plain data, its own text with comments, and the place of every value and key."""

    file: str
    content: dict[str, Any]
    source: str
    value_places: dict[Path, Place]
    key_places: dict[Path, Place]

    def problem(
        self,
        message: str,
        *path: str | int,
        hint: str = "",
        at_key: bool = False,
        rule: str = "schema",
        excerpt: str = "",
    ) -> Problem:
        """A problem at the value (or its key) that `path` leads to, or at the nearest one above it."""
        places = self.key_places if at_key else self.value_places
        while path and path not in places:
            path, places = path[:-1], self.value_places
        line, column = places[path] if path in places else self.value_places[()]
        return Problem(self.file, line, column, message, hint, rule, excerpt)


@dataclass(slots=True)
class _Node:
    """A parsed value before aliases are unfolded: text and tag, pairs of nodes, or nodes."""

    place: Place
    tag: str
    text: str = ""
    pairs: list[tuple["_Node", "_Node"]] | None = None
    items: list["_Node"] | None = None


class _Refused(Exception):
    """Reading stops here."""

    def __init__(self, place: Place, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.place, self.hint = place, hint


def read_documents(source: SourceText) -> tuple[list[Document], list[Problem]]:
    """All documents of a text, empty ones left out, and everything that is wrong with it as YAML.

    A syntax error ends the reading of this text; the documents before it are still given.
    """
    documents: list[Document] = []
    problems: list[Problem] = []
    if len(source.text) > MAX_BYTES or len(source.text.encode("utf-8", "replace")) > MAX_BYTES:
        hint = "Split it into several files."
        return [], [Problem(source.file, 1, 1, f"The text is larger than {MAX_BYTES // 1024**2} MiB.", hint)]
    try:
        for root, text in _compose(source.text):
            unfolding = _Unfolding(source.file, problems)
            content = unfolding.unfold(root, (), 0)
            if isinstance(content, dict):
                documents.append(Document(source.file, content, text, unfolding.value_places, unfolding.key_places))
            elif content is not None:
                hint = 'Start it with "apiVersion:" and "kind:".'
                problems.append(Problem(source.file, *root.place, "A document must be a mapping.", hint))
    except _Refused as refusal:
        problems.append(Problem(source.file, *refusal.place, str(refusal), refusal.hint))
    except YAMLError as error:
        problems.append(_syntax_problem(source, error))
    return documents, problems


def _syntax_problem(source: SourceText, error: YAMLError) -> Problem:
    line, column, what = 1, 1, str(error).splitlines()[0]
    if isinstance(error, MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        if mark is not None:
            line, column = mark.line + 1, mark.column + 1
        what = error.problem or error.context or what
    elif isinstance(position := getattr(error, "position", None), int):
        before = source.text[:position]
        line, column = before.count("\n") + 1, position - before.rfind("\n")
        what = f"character U+{getattr(error, 'character', 0):04X} is not allowed"
    return Problem(
        source.file,
        line,
        column,
        f"This is not valid YAML: {what}.",
        "Check indentation, quotes and colons at and just above this place.",
        rule="yaml",
    )


def _compose(text: str) -> Iterator[tuple[_Node, str]]:
    """Root node and own text of each document; comments above the first `---` belong to the first."""
    yaml = YAML(typ="safe", pure=True)
    events: Iterator[Event] = yaml.parse(text)
    count = _Count("The text", "Split it into several.")
    start, head, root = 0, "", None
    for event in events:
        if isinstance(event, DocumentStartEvent):
            head = _comments(text[: event.start_mark.index]) if root is None else ""
            start = event.end_mark.index if event.explicit else event.start_mark.index
            root = _Composer(events, yaml.resolver.resolve, count).compose(next(events), 0)
        elif isinstance(event, DocumentEndEvent) and root is not None:
            yield root, (head + text[start : event.start_mark.index]).strip("\n") + "\n"


def _comments(text: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if line.startswith("#"))


class _Count:
    """Ends the reading when there are too many values, before they cost time."""

    def __init__(self, what: str, hint: str) -> None:
        self._what, self._hint = what, hint
        self._values = 0

    def add(self, place: Place) -> None:
        """One more at this place. Raises _Refused when it is one too many."""
        self._values += 1
        if self._values > MAX_VALUES:
            raise _Refused(place, f"{self._what} holds more than {MAX_VALUES} values.", self._hint)


class _Composer:
    """Turns the events of one document into nodes. An anchor counts once its node is complete: no circles."""

    def __init__(self, events: Iterator[Event], resolve: Callable[..., Any], count: _Count) -> None:
        self._events = events
        self._resolve = resolve
        self._count = count
        self._merged = _Count("What is merged", "Use fewer merges.")
        self._anchors: dict[str, _Node] = {}

    def compose(self, event: Event, depth: int) -> _Node:
        place = (event.start_mark.line + 1, event.start_mark.column + 1)
        self._count.add(place)
        if depth > MAX_DEPTH:
            raise _Refused(place, f"Values are nested deeper than {MAX_DEPTH} levels.")
        if isinstance(event, AliasEvent):
            if event.anchor not in self._anchors:
                raise _Refused(place, f'There is no complete anchor "&{event.anchor}" above this alias.')
            target = self._anchors[event.anchor]
            return _Node(place, target.tag, target.text, target.pairs, target.items)
        node = self._compose_value(event, place, depth)
        if isinstance(event, NodeEvent) and event.anchor:
            self._anchors[event.anchor] = node
        return node

    def _compose_value(self, event: Event, place: Place, depth: int) -> _Node:
        if isinstance(event, ScalarEvent):
            if _UNSTORABLE.search(event.value):
                hint = "Write the value without it; fromBase64() makes one where a step needs it."
                raise _Refused(place, "A text holds a character that databases do not take (NUL, half a pair).", hint)
            tag = event.tag or self._resolve(ScalarNode, event.value, event.implicit)
            return _Node(place, str(tag).removeprefix(_STANDARD), text=event.value)
        if isinstance(event, CollectionStartEvent) and event.tag and not str(event.tag).startswith(_STANDARD):
            raise _unknown_tag(place, str(event.tag))
        if isinstance(event, MappingStartEvent):
            pairs = []
            while not isinstance(key := next(self._events), MappingEndEvent):
                pairs.append((self.compose(key, depth + 1), self.compose(next(self._events), depth + 1)))
            return _Node(place, "map", pairs=list(self._merge(pairs)))
        items = []
        while not isinstance(item := next(self._events), SequenceEndEvent):
            items.append(self.compose(item, depth + 1))
        return _Node(place, "seq", items=items)

    def _merge(self, pairs: list[tuple[_Node, _Node]]) -> Iterator[tuple[_Node, _Node]]:
        """The pairs with `<<` replaced by what it merges; the mapping's own keys win."""
        own = {key.text for key, _ in pairs}
        for key, value in pairs:
            if key.tag != "merge":
                yield key, value
                continue
            for source in [value] if value.items is None else value.items:
                if source.pairs is None:
                    raise _Refused(source.place, '"<<" can merge a mapping or a list of mappings only.')
                for inner_key, inner_value in source.pairs:
                    self._merged.add(key.place)
                    if inner_key.text not in own:
                        own.add(inner_key.text)
                        yield inner_key, inner_value


class _Unfolding:
    """Nodes of one document to plain data, aliases copied, places remembered."""

    def __init__(self, file: str, problems: list[Problem]) -> None:
        self._file = file
        self._problems = problems
        self._count = _Count("The document, its aliases unfolded,", "Use fewer aliases.")
        self.value_places: dict[Path, Place] = {}
        self.key_places: dict[Path, Place] = {}

    def unfold(self, node: _Node, path: Path, depth: int) -> Any:
        self._count.add(node.place)
        if depth > MAX_DEPTH:
            raise _Refused(node.place, f"Values are nested deeper than {MAX_DEPTH} levels.")
        self.value_places[path] = node.place
        if node.pairs is not None:
            return self._mapping(node, path, depth)
        if node.items is not None:
            return [self.unfold(item, (*path, i), depth + 1) for i, item in enumerate(node.items)]
        return _scalar(node)

    def _mapping(self, node: _Node, path: Path, depth: int) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.pairs or ():
            key = self._key(key_node)
            inner = (*path, key)
            if inner in self.key_places:
                first = self.key_places[inner][0]
                message = f'Key "{key}" is given twice; the first is in line {first}.'
                self._problems.append(Problem(self._file, *key_node.place, message, "Keep one of them."))
                continue
            self.key_places[inner] = key_node.place
            mapping[key] = self.unfold(value_node, inner, depth + 1)
        return mapping

    def _key(self, node: _Node) -> str:
        if node.pairs is not None or node.items is not None or node.tag == "null":
            raise _Refused(node.place, "A key must be text.", 'Write "key: value".')
        return node.text


def _scalar(node: _Node) -> Any:
    match node.tag:
        case "str" | "timestamp" | "merge":
            return node.text
        case "null":
            return None
        case "bool":
            return node.text.lower() == "true"
        case "int" | "float":
            return _number(node)
        case _:
            raise _unknown_tag(node.place, node.tag)


def _number(node: _Node) -> int | float:
    text = node.text.replace("_", "")
    try:
        if node.tag == "float":
            number = float(text)
            if not math.isfinite(number):
                raise ValueError(text)
            return number
        return int(text, 0) if text.lstrip("+-")[:2].lower() in {"0x", "0o", "0b"} else int(text)
    except ValueError as error:
        raise _Refused(node.place, f'"{node.text}" is not a number we can store.', "Put it in quotes.") from error


def _unknown_tag(place: Place, tag: str) -> _Refused:
    return _Refused(place, f'The tag "{tag}" is not supported.', "Remove it; plain YAML values are enough.")
