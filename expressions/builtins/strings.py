"""Builtins on texts.

Source: expr docs, Language Definition; Go package strings. Offsets count UTF-8 bytes.
"""

from __future__ import annotations

import base64
import binascii

from expressions.budget import Budget
from expressions.builtins.arguments import need_int, need_list, need_text
from expressions.durations import Duration
from expressions.errors import ExpressionError
from expressions.json_values import json_text, parse_json, text_form
from expressions.number_text import read_float
from expressions.operators import is_number, plain
from expressions.tokens import BLANKS
from expressions.values import Value, kind_of

_MAX_REPEAT = 1_000_000
_INT_DIGITS = 19


def trim(budget: Budget, text: Value, characters: Value = BLANKS) -> str:
    return need_text(text, "trim").strip(need_text(characters, "trim"))


def trim_prefix(budget: Budget, text: Value, prefix: Value = " ") -> str:
    return need_text(text, "trimPrefix").removeprefix(need_text(prefix, "trimPrefix"))


def trim_suffix(budget: Budget, text: Value, suffix: Value = " ") -> str:
    return need_text(text, "trimSuffix").removesuffix(need_text(suffix, "trimSuffix"))


def upper(budget: Budget, text: Value) -> str:
    text = need_text(text, "upper")
    budget.take_text(len(text))
    return text.upper() if text.isascii() else "".join(map(_upper_char, text))


def lower(budget: Budget, text: Value) -> str:
    text = need_text(text, "lower")
    budget.take_text(len(text))
    return text.lower() if text.isascii() else "".join(map(_lower_char, text))


def _upper_char(char: str) -> str:
    """Map one character to one: `ß` has no single upper case letter and stays."""
    for mapped in (char.upper(), char.title()):
        if len(mapped) == 1:
            return mapped
    return char


def _lower_char(char: str) -> str:
    return char.lower()[:1]


def split(budget: Budget, text: Value, separator: Value, count: Value = -1) -> list[str]:
    return _split(budget, text, separator, count, "split", keep=False)


def split_after(budget: Budget, text: Value, separator: Value, count: Value = -1) -> list[str]:
    return _split(budget, text, separator, count, "splitAfter", keep=True)


def _split(budget: Budget, text: Value, separator: Value, count: Value, name: str, *, keep: bool) -> list[str]:
    text, separator, limit = need_text(text, name), need_text(separator, name), need_int(count, name)
    if limit == 0:
        return []
    most = text.count(separator) + 1 if separator else len(text)
    budget.take_elements(min(most, limit) if limit > 0 else most)
    if not separator:
        if limit < 0 or limit >= len(text):
            return list(text)
        return [*text[: limit - 1], text[limit - 1 :]]
    parts = text.split(separator, limit - 1 if limit > 0 else -1)
    return [*(part + separator for part in parts[:-1]), parts[-1]] if keep else parts


def replace(budget: Budget, text: Value, old: Value, new: Value, count: Value = -1) -> str:
    whole, part, other = (need_text(each, "replace") for each in (text, old, new))
    limit = need_int(count, "replace")
    found = whole.count(part)
    times = found if limit < 0 else min(found, limit)
    budget.take_text(len(whole) + times * len(other))
    return whole.replace(part, other, times)


def repeat(budget: Budget, text: Value, count: Value) -> str:
    once, times = need_text(text, "repeat"), need_int(count, "repeat")
    if times < 0:
        raise ExpressionError(f"repeat() takes a positive number, not {times}")
    if times > _MAX_REPEAT:
        raise ExpressionError(f"repeat() repeats at most {_MAX_REPEAT:,} times")
    budget.take_text(len(once) * times)
    return once * times


def join(budget: Budget, items: Value, separator: Value = "") -> str:
    texts = [need_text(item, "join") for item in need_list(items, "join")]
    glue = need_text(separator, "join")
    budget.take_text(sum(map(len, texts)) + len(glue) * len(texts))
    return glue.join(texts)


def index_of(budget: Budget, text: Value, part: Value) -> int:
    data, wanted = _bytes(text, "indexOf"), _bytes(part, "indexOf")
    budget.spend(len(data) >> 6)
    return data.find(wanted)


def last_index_of(budget: Budget, text: Value, part: Value) -> int:
    data, wanted = _bytes(text, "lastIndexOf"), _bytes(part, "lastIndexOf")
    budget.spend(len(data) >> 6)
    # Searched backwards: find() is linear, rfind() is quadratic for texts made to be so.
    found = data[::-1].find(wanted[::-1])
    return -1 if found < 0 else len(data) - len(wanted) - found


def _bytes(text: Value, function: str) -> bytes:
    return need_text(text, function).encode("utf-8", "replace")


def has_prefix(budget: Budget, text: Value, prefix: Value) -> bool:
    return need_text(text, "hasPrefix").startswith(need_text(prefix, "hasPrefix"))


def has_suffix(budget: Budget, text: Value, suffix: Value) -> bool:
    return need_text(text, "hasSuffix").endswith(need_text(suffix, "hasSuffix"))


def to_int(budget: Budget, value: Value) -> int:
    """Read a whole number; of a duration the nanoseconds, as Go converts it."""
    value = plain(value)
    if isinstance(value, Duration):
        return value.nanoseconds
    if is_number(value):
        if not -(2.0**63) <= value < 2.0**63:
            raise ExpressionError(f"int() cannot hold {value}")
        return int(value)
    if value.__class__ is str:
        digits = value[1:] if value[:1] in {"+", "-"} else value
        if digits.isascii() and digits.isdecimal() and len(digits.lstrip("0")) <= _INT_DIGITS:
            number = int(value)
            if -(2**63) <= number < 2**63:
                return number
        raise ExpressionError(f"int() cannot read {value[:40]!r}: expected a whole decimal number")
    raise ExpressionError(f"int() takes a number or string, not {kind_of(value)}")


def to_float(budget: Budget, value: Value) -> float:
    value = plain(value)
    if is_number(value):
        return float(value)
    if value.__class__ is str:
        number = read_float(value)
        if number is None:
            raise ExpressionError(f"float() cannot read {value[:40]!r}: expected a number")
        return number
    raise ExpressionError(f"float() takes a number or string, not {kind_of(value)}")


def to_string(budget: Budget, value: Value) -> str:
    return text_form(value, budget)


def to_json_text(budget: Budget, value: Value) -> str:
    return json_text(value, budget, "  ")


def from_json(budget: Budget, text: Value) -> Value:
    text = need_text(text, "fromJSON")
    # At most every second character starts an element.
    budget.take_text(len(text))
    try:
        return parse_json(text)
    except ValueError as error:
        raise ExpressionError(f"fromJSON() cannot read its argument: {error}") from None


def to_base64(budget: Budget, text: Value) -> str:
    value = text if isinstance(text, bytes) else _bytes(text, "toBase64")
    budget.take_text(len(value) * 4 // 3)
    return base64.b64encode(value).decode()


def from_base64(budget: Budget, text: Value) -> str:
    text = need_text(text, "fromBase64")
    try:
        return base64.b64decode(text, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError) as error:
        raise ExpressionError(f"fromBase64() cannot read its argument: {error}") from None
