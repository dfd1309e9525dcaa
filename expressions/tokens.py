"""Text of an expression -> tokens with positions.

Source: expr docs, Language Definition; Kargo docs, Expressions.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from expressions.errors import ExpressionError


class Kind(Enum):
    NAME = "name"
    OPERATOR = "operator"
    BRACKET = "bracket"
    NUMBER = "number"
    TEXT = "text"
    BYTES = "bytes"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """`text` is as written; `value` is what a number, text or bytes token stands for."""

    kind: Kind
    text: str
    position: int
    value: int | float | str | bytes | None = None

    def describe(self) -> str:
        return "end of expression" if self.kind is Kind.END else f"`{self.text}`"


WORD_OPERATORS = frozenset(
    {"not", "and", "or", "in", "matches", "contains", "startsWith", "endsWith", "let", "if", "else"}
)

# Unicode blanks; Python's own notion of a blank also has the four ASCII separators 0x1c to 0x1f.
BLANKS = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)

_SKIPPED = re.compile(rf"(?:[{BLANKS}]|//[^\n]*|/\*.*?\*/)+", re.DOTALL)
_NUMBER = re.compile(
    r"0[xX][0-9a-fA-F_]*|0[oO][0-7_]*|0[bB][01_]*"
    r"|(?:[0-9][0-9_]*(?:\.(?!\.)[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9_]+)?"
)
_OPERATOR = re.compile(r"==|!=|<=|>=|&&|\|\||\*\*|\?\?|\?\.|\.\.|::|[-+*/%^<>=!?:;,.|#]")
_RAW = re.compile(r"`((?:[^`]|``)*)`")
_QUOTED = re.compile(r'"(?:[^"\\\n]|\\[^\n])*"|' + r"'(?:[^'\\\n]|\\[^\n])*'")
_ESCAPE = re.compile(
    r"\\(?:([abfnrtv\\'\"])|([0-3][0-7]{2})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,8})\}|U([0-9a-fA-F]{8})|.)"
)
_SIMPLE_ESCAPES = dict(zip("abfnrtv\\'\"", "\a\b\f\n\r\t\v\\'\"", strict=True))
_DIGITS = frozenset("0123456789")
_QUOTES = frozenset("\"'")
_MAX_SOURCE = 1_000_000
_MAX_TOKENS = 50_000
_MAX_INT = 2**63 - 1
_MAX_CODE_POINT = 0x10FFFF


def tokenize(source: str) -> list[Token]:
    """Split an expression; the last token is of kind END. Raises ExpressionError."""
    if len(source) > _MAX_SOURCE:
        raise ExpressionError(f"the expression is longer than {_MAX_SOURCE:,} characters")
    tokens: list[Token] = []
    position, length = 0, len(source)
    while True:
        if skipped := _SKIPPED.match(source, position):
            position = skipped.end()
        if position >= length:
            tokens.append(Token(Kind.END, "", length))
            return tokens
        token, position = _next_token(source, position)
        tokens.append(token)
        if len(tokens) > _MAX_TOKENS:
            raise ExpressionError(f"the expression has more than {_MAX_TOKENS:,} tokens", token.position, source)


def _next_token(source: str, position: int) -> tuple[Token, int]:
    char = source[position]
    if char in "([{}])":
        return Token(Kind.BRACKET, char, position), position + 1
    following = source[position + 1 : position + 2]
    if char in _DIGITS or (char == "." and following in _DIGITS):
        return _number(source, position)
    if char in "\"'":
        return _text(source, position, position, Kind.TEXT)
    if char == "b" and following in _QUOTES:
        return _text(source, position, position + 1, Kind.BYTES)
    if char == "`":
        return _raw_text(source, position)
    if name := _match_name(source, position):
        kind = Kind.OPERATOR if name in WORD_OPERATORS else Kind.NAME
        return Token(kind, name, position), position + len(name)
    if source.startswith("/*", position):
        raise ExpressionError("unclosed comment: expected `*/`", position, source)
    if found := _OPERATOR.match(source, position):
        return Token(Kind.OPERATOR, found[0], position), found.end()
    hint = "did you mean `&&`?" if char == "&" else ""
    raise ExpressionError(f"unexpected character {char!r}", position, source, hint=hint)


def _match_name(source: str, position: int) -> str:
    """Return the identifier at `position`: letters, digits, `_` and `$`, no digit first; or an empty text."""
    if not _is_name_start(source[position]):
        return ""
    end, length = position + 1, len(source)
    while end < length and (_is_name_start(source[end]) or source[end].isdecimal()):
        end += 1
    return source[position:end]


def _is_name_start(char: str) -> bool:
    return char in "_$" or char.isalpha()


def _number(source: str, position: int) -> tuple[Token, int]:
    found = _NUMBER.match(source, position)
    end = found.end() if found else position + 1
    text = source[position:end]
    following = source[end : end + 1]
    if following and (_is_name_start(following) or following.isdecimal()):
        raise ExpressionError(
            f"bad number {text + following!r}", position, source, hint="put a blank between number and name"
        )
    try:
        value = _number_value(text.replace("_", ""))
    except ValueError:
        raise ExpressionError(f"bad number {text!r}", position, source) from None
    if (isinstance(value, int) and value > _MAX_INT) or value == float("inf"):
        raise ExpressionError(f"number {text} is out of range", position, source)
    return Token(Kind.NUMBER, text, position, value), end


def _number_value(text: str) -> int | float:
    prefix = text[:2].lower()
    if prefix in {"0x", "0o", "0b"}:
        return int(text[2:], {"0x": 16, "0o": 8, "0b": 2}[prefix])
    if any(char in ".eE" for char in text):
        return float(text)
    return int(text)


def _raw_text(source: str, position: int) -> tuple[Token, int]:
    found = _RAW.match(source, position)
    if not found:
        raise ExpressionError("unclosed text: expected a closing backquote", position, source)
    return Token(Kind.TEXT, found[0], position, found[1].replace("``", "`")), found.end()


def _text(source: str, position: int, quote_at: int, kind: Kind) -> tuple[Token, int]:
    found = _QUOTED.match(source, quote_at)
    if not found:
        quote = source[quote_at]
        raise ExpressionError(
            f"unclosed text: expected {quote} on the same line",
            position,
            source,
            hint="use backquotes for text of several lines",
        )
    body = found[0][1:-1]
    value: str | bytes
    if kind is Kind.BYTES:
        value = _unescape_bytes(body, quote_at + 1, source)
    else:
        value = _unescape(body, quote_at + 1, source, str)
    return Token(kind, source[position : found.end()], position, value), found.end()


def _unescape(body: str, start: int, source: str, text_of: Callable[[str], str]) -> str:
    if "\\" not in body:
        return body

    def replace(match: re.Match[str]) -> str:
        simple, octal, two, four, braced, eight = match.groups()
        if simple:
            return _SIMPLE_ESCAPES[simple]
        if octal:
            return text_of(chr(int(octal, 8)))
        if two:
            return text_of(chr(int(two, 16)))
        digits = four or braced or eight
        if not digits or int(digits, 16) > _MAX_CODE_POINT:
            raise ExpressionError(
                f"unknown escape `{match[0]}` in text",
                start + match.start(),
                source,
                hint="write `\\\\` for a backslash",
            )
        code = int(digits, 16)
        return "\ufffd" if 0xD800 <= code <= 0xDFFF else chr(code)

    return _ESCAPE.sub(replace, body)


def _unescape_bytes(body: str, start: int, source: str) -> bytes:
    # Bytes written as \xhh or octal travel through the text as lone surrogates, which no other character can be.
    marked = _unescape(body, start, source, lambda char: char if ord(char) < 0x80 else chr(0xDC00 + ord(char)))
    return marked.encode("utf-8", "surrogateescape")
