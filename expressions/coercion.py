"""What the text of an evaluated template means: a number, a bool, a structure or just text.

Source: Kargo docs, Expressions; observed with the engine Kargo uses.
Differs: whole numbers up to 2^53 are ints; `nan` and `inf` stay text, as JSON could not store them.
"""

from __future__ import annotations

import math

from expressions.errors import ExpressionError
from expressions.json_values import parse_json, shrink_number
from expressions.number_text import read_float
from expressions.values import Value, kind_of

BOOL_TEXTS: dict[str, bool] = {
    **dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True),
    **dict.fromkeys(("0", "f", "F", "FALSE", "false", "False"), False),
}
# What JSON can begin with, blanks included; anything else needs no parser to be told apart.
_JSON_START = frozenset('{["-0123456789tfn \t\r\n')


def coerce(text: str) -> Value:
    """Turn the text of a template that had expressions into a value. The rules are tried in order."""
    newline = "\n" if text.endswith("\n") else ""
    body = text[:-1] if newline else text
    if len(body) > 1 and body[0] == '"' and body[-1] == '"':
        return body[1:-1] + newline
    number = read_float(body)
    if number is not None and math.isfinite(number):
        return shrink_number(number)
    if body in BOOL_TEXTS:
        return BOOL_TEXTS[body]
    if body and body[0] in _JSON_START:
        try:
            return parse_json(body)
        except ValueError:
            pass
    return text


def to_bool(value: Value) -> bool:
    """Return a bool, or what one of the texts `true`, `false`, `1`, `0`, `t`, `f` means. Raises ExpressionError."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value in BOOL_TEXTS:
        return BOOL_TEXTS[value]
    shown = f"the text {value[:40]!r}" if isinstance(value, str) else kind_of(value)
    raise ExpressionError(f"expected a bool, not {shown}")
