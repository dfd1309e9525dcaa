"""Templates: text with `${{ }}` or `${% %}` in it, alone or anywhere inside YAML structures.

Source: Kargo docs, Expressions; observed with the engine Kargo uses.
Differs: an empty expression is a syntax error; Kargo copies the rest of the text unevaluated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from expressions.budget import MAX_TEXT, Budget, check_depth
from expressions.coercion import coerce
from expressions.errors import ExpressionError
from expressions.evaluator import compile_source, run
from expressions.json_values import json_text
from expressions.nodes import Node
from expressions.parser import parse
from expressions.scope import Program
from expressions.values import Value

_ENDS = {"${{": "}}", "${%": "%}"}
_CACHED_LENGTH = 10_000
_RESERVED = ("quote", "asYAML", "asJSON")
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class _Expression:
    """The text between two delimiters, and where in the template it begins."""

    source: str
    position: int


def render(template: str, env: Mapping[str, object]) -> Value:
    """Evaluate a template; a text without delimiters comes back unchanged. Raises ExpressionError.

    The pieces are joined as text, and the text becomes a number, bool, list, map or None if it reads as one.
    """
    if "${" not in template:
        return template
    parts = _compile(template) if len(template) > _CACHED_LENGTH else _compile_cached(template)
    if len(parts) == 1 and parts[0].__class__ is str:
        return template
    for name in _RESERVED:
        if name in env:
            raise ExpressionError(f"the environment must not define {name}: it is a function of templates")
    pieces = [part if isinstance(part, str) else _insert(part, env) for part in parts]
    if sum(map(len, pieces)) > MAX_TEXT:
        raise ExpressionError(f"the result is longer than {MAX_TEXT:,} characters")
    return coerce("".join(pieces))


def _insert(program: Program, env: Mapping[str, object]) -> str:
    value = run(program, env)
    if value.__class__ is str:
        text: str = value
        return text
    try:
        return json_text(value, Budget())
    except ExpressionError as error:
        raise error.at(0, program.source) from None


def _compile(template: str) -> tuple[str | Program, ...]:
    return tuple(
        part if isinstance(part, str) else compile_source(part.source, in_template=True) for part in _split(template)
    )


_compile_cached = lru_cache(maxsize=4096)(_compile)


def _split(template: str) -> Iterator[str | _Expression]:
    """Yield literal texts and expressions. An expression ends at the first end delimiter, wherever that stands."""
    position = 0
    while True:
        starts = [(found, start) for start in _ENDS if (found := template.find(start, position)) >= 0]
        if not starts:
            break
        found, start = min(starts)
        end = template.find(_ENDS[start], found + len(start))
        if end < 0:
            message = f'unclosed expression: expected "{_ENDS[start]}" but reached end of template'
            raise ExpressionError(message, found, template)
        if found > position:
            yield template[position:found]
        body = template[found + len(start) : end]
        if not body.strip():
            raise ExpressionError("the expression is empty", found, template)
        yield _Expression(body, found + len(start))
        position = end + 2
    if position < len(template) or not template:
        yield template[position:]


@dataclass(frozen=True, slots=True)
class TemplatePart:
    """A piece of a template: literal text (`node` is None), or an expression and what it means."""

    source: str
    node: Node | None


def split_template(template: str) -> list[TemplatePart]:
    """Split and parse a template, for linting. Raises ExpressionError for bad syntax."""
    return [
        TemplatePart(part, None) if isinstance(part, str) else TemplatePart(part.source, parse(part.source))
        for part in _split(template)
    ]


def parse_template(template: str) -> list[Node]:
    """Parse the expressions of a template in order, for linting. Raises ExpressionError for bad syntax."""
    return [part.node for part in split_template(template) if part.node is not None]


def check_template(template: str) -> None:
    """Raise ExpressionError if an expression of the template cannot be compiled."""
    _compile(template)


def render_structure(value: object, env: Mapping[str, object], path: str = "config") -> dict[str, Value]:
    """Evaluate each text in a map, at any depth; keys and other values stay.

    Raises ExpressionError with the path of the first field that fails.
    """
    if not isinstance(value, dict):
        raise ExpressionError(f"expected a map, not {type(value).__name__}", path=path)
    return {key: _render_value(item, env, child_path(path, key), 1) for key, item in value.items()}


def _render_value(value: Value, env: Mapping[str, object], path: str, depth: int) -> Value:
    try:
        if isinstance(value, str):
            return render(value, env)
        check_depth(depth)
    except ExpressionError as error:
        raise error.under(path) from error.__cause__
    if isinstance(value, dict):
        return {key: _render_value(item, env, child_path(path, key), depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_render_value(item, env, f"{path}[{index}]", depth + 1) for index, item in enumerate(value)]
    return value


def child_path(path: str, key: object) -> str:
    """Return the path of a key: `config.image`, or `config["a.b"]` where a dot would mislead."""
    text = str(key)
    return f"{path}.{text}" if _PLAIN_KEY.fullmatch(text) else f'{path}["{text}"]'


def list_template_errors(value: object, path: str = "config") -> list[ExpressionError]:
    """Return the syntax errors of all templates in a structure, each with its path; empty if there are none."""
    errors: list[ExpressionError] = []
    waiting: list[tuple[object, str]] = [(value, path)]
    while waiting:
        item, place = waiting.pop()
        if isinstance(item, str):
            try:
                check_template(item)
            except ExpressionError as error:
                errors.append(error.under(place))
        elif isinstance(item, dict):
            waiting.extend((child, child_path(place, key)) for key, child in reversed(item.items()))
        elif isinstance(item, list | tuple):
            waiting.extend((child, f"{place}[{index}]") for index, child in reversed(list(enumerate(item))))
    return errors
