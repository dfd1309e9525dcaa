"""JSON values to YAML text, as `asYAML` shows them.

Block style, four blanks a level, keys sorted, quotes only where needed.

Source: the layout and quoting rules of the YAML writer Kargo uses (go-yaml 3).
Differs: text that begins with a line break keeps it.
"""

from __future__ import annotations

import re
from functools import cmp_to_key
from itertools import takewhile
from typing import Any

from expressions.number_text import write_float

_INDENT = 4
_LONGEST_KEY = 128
# Plain words of YAML 1.1 and 1.2 that are no text to some reader.
_WORDS = ("y", "yes", "on", "n", "no", "off", "true", "false", "null")
_RESERVED = frozenset(
    {"~", "<<", "=", *(form for word in _WORDS for form in (word, word.capitalize(), word.upper()))}
)
_NUMBER_LIKE = re.compile(
    r"[-+]?(?:0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+"
    r"|(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF))|\.(?:nan|NaN|NAN)"
)
_BASE_60 = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
    r"(?:[Tt ][0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]+)?(?:Z|[-+][0-9]{2}:[0-9]{2})?)?"
)
_UNPRINTABLE = re.compile("[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]")
# What makes plain text mean something else: an indicator first, `: ` or ` #` anywhere.
_INDICATOR = re.compile(r"[#,\[\]{}&*!|>'\"%@`]|[-?:](?:\s|$)|---|\.\.\.|.*(?::(?:\s|$)|\s#)", re.DOTALL)
_ESCAPES = {
    "\0": "\\0",
    "\a": "\\a",
    "\b": "\\b",
    "\t": "\\t",
    "\n": "\\n",
    "\v": "\\v",
    "\f": "\\f",
    "\r": "\\r",
    "\x1b": "\\e",
    '"': '\\"',
    "\\": "\\\\",
    "\x85": "\\N",
    "\u2028": "\\L",
    "\u2029": "\\P",
}


def yaml_text(value: Any) -> str:
    """Write None, bools, numbers, text, lists and maps as a YAML document that ends with a newline."""
    if isinstance(value, dict | list) and value:
        return "".join(f"{line}\n" for line in _block_lines(value, 0))
    return _scalar(value, 0, in_list=False) + "\n"


def _block_lines(value: Any, indent: int) -> list[str]:
    """Return the lines of a map or list that is not empty; each starts at `indent` or deeper."""
    if isinstance(value, list):
        return [line for item in value for line in _item_lines(item, indent)]
    return [
        line for key in sorted(value, key=cmp_to_key(_natural_order)) for line in _pair_lines(key, value[key], indent)
    ]


def _pair_lines(key: str, item: Any, indent: int) -> list[str]:
    margin = " " * indent
    inner = _next_indent(indent)
    written = _scalar(key, indent, in_list=False)
    nested = _block_lines(item, inner) if isinstance(item, dict | list) and item else []
    if "\n" in key or len(key) > _LONGEST_KEY:
        # After an explicit key the value starts on the line of its colon.
        rest = nested[0][indent + 1 :] if nested else " " + _scalar(item, indent, in_list=False)
        return [f"{margin}? {written}", f"{margin}:{rest}", *nested[1:]]
    if nested:
        return [f"{margin}{written}:", *nested]
    return [f"{margin}{written}: {_scalar(item, indent, in_list=False)}"]


def _item_lines(item: Any, indent: int) -> list[str]:
    margin = " " * indent
    if isinstance(item, dict | list) and item:
        nested = _block_lines(item, indent + 2)
        return [f"{margin}- {nested[0][indent + 2 :]}", *nested[1:]]
    return [f"{margin}- {_scalar(item, indent, in_list=True)}"]


def _next_indent(indent: int) -> int:
    return _INDENT * ((indent + _INDENT) // _INDENT)


def _scalar(value: Any, indent: int, *, in_list: bool) -> str:
    """Write a value that needs no block; `indent` is that of the line it stands on."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return write_float(value)
    if isinstance(value, str):
        return _text(value, indent, indent + 2 if in_list else _next_indent(indent))
    return "{}" if isinstance(value, dict) else "[]"


def _text(text: str, indent: int, inner: int) -> str:
    special = _UNPRINTABLE.search(text) is not None
    if "\n" in text:
        if special or " \n" in text or text.endswith(" "):
            return _double_quoted(text)
        return _literal(text, indent, inner)
    if not text or means_other_than_text(text) or special or "\t" in text:
        return _double_quoted(text)
    if text[0] == " " or text[-1] == " " or _INDICATOR.match(text):
        return "'" + text.replace("'", "''") + "'"
    return text


def means_other_than_text(text: str) -> bool:
    """Tell if a YAML reader would take the plain text for a bool, number, date or null."""
    if text in _RESERVED:
        return True
    if text[0] not in "0123456789+-.":
        return False
    bare = text.replace("_", "")
    return bool(_NUMBER_LIKE.fullmatch(bare) or _BASE_60.fullmatch(text) or _TIMESTAMP.fullmatch(text))


def _literal(text: str, indent: int, inner: int) -> str:
    hint = str(inner - indent) if text[0] in " \n" else ""
    body = text.rstrip("\n")
    breaks = len(text) - len(body)
    chomping = "-" if breaks == 0 else "" if breaks == 1 and body else "+"
    margin = " " * inner
    lines = [margin + line if line else "" for line in body.split("\n")] if body else []
    # The line break after the last line is written by the caller.
    lines += [""] * (breaks - 1 if body else breaks)
    return "\n".join([f"|{hint}{chomping}", *lines])


def _double_quoted(text: str) -> str:
    return '"' + "".join(_escaped(char) for char in text) + '"'


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if not _UNPRINTABLE.match(char):
        return char
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"


def _natural_order(left: str, right: str) -> int:
    """Compare keys so that `b9` comes before `b10` and digits before letters."""
    if left == right:
        return 0
    return -1 if _is_before(left, right) else 1


def _is_before(left: str, right: str) -> bool:
    after_digit = False
    for place, (one, other) in enumerate(zip(left, right, strict=False)):
        if one == other:
            after_digit = one.isdecimal()
            continue
        if one.isalpha() and other.isalpha():
            return one < other
        if one.isalpha() or other.isalpha():
            return one.isalpha() if after_digit else other.isalpha()
        return _number_at(left, right, place) < _number_at(right, left, place)
    return len(left) < len(right)


def _number_at(text: str, other: str, place: int) -> tuple[int, int, str]:
    """Return what two keys are ordered by from `place` on: the number there, its length, the character."""
    digits = "".join(takewhile(lambda char: char in "0123456789", text[place:]))
    # A zero inside a number is a digit of it, not a leading one.
    before = text[:place]
    significant = before[len(before.rstrip("0123456789")) :].lstrip("0")
    within = significant and "0" in (text[place], other[place])
    return int(("1" if within else "") + digits or "0"), len(digits), text[place]
