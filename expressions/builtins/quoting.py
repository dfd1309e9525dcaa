"""The functions known inside template delimiters only: `quote`, `unsafeQuote`, `asYAML`, `asJSON`.

Their outer quotes are taken off again when the expression stands alone in a field (see expressions.coercion).
Source: Kargo docs, Expressions.
"""

from __future__ import annotations

from expressions.budget import Budget
from expressions.builtins import Builtin
from expressions.json_values import json_text, to_json
from expressions.values import Value, adopt
from expressions.yaml_text import yaml_text

_ESCAPES = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    "\\": "\\\\",
    '"': '\\"',
}


def quote(budget: Budget, value: Value) -> str:
    value = adopt(value)
    if not isinstance(value, str):
        return f'"{json_text(value, budget)}"'
    budget.take_text(len(value))
    return '"' + "".join(map(_escaped, value)) + '"'


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def unsafe_quote(budget: Budget, value: Value) -> str:
    return f'"{json_text(value, budget)}"'


def as_yaml(budget: Budget, value: Value) -> str:
    text = yaml_text(to_json(value, budget))
    budget.take_text(len(text))
    return f'"{text}"'


def as_json(budget: Budget, value: Value) -> str:
    return f'"{json_text(value, budget, "  ")}\n"'


TEMPLATE_FUNCTIONS: dict[str, Builtin] = {
    "quote": Builtin(quote, 1, 1),
    "unsafeQuote": Builtin(unsafe_quote, 1, 1),
    "asYAML": Builtin(as_yaml, 1, 1),
    "asJSON": Builtin(as_json, 1, 1),
}
