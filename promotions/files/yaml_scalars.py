"""Values as YAML scalars and back, safe for readers of YAML 1.1 and 1.2 alike. Pure.

Source: YAML 1.1 type repository, YAML 1.2 core schema. Kargo quotes strings that parse as float, bool, JSON.
"""

import json
import math
import re
from decimal import Decimal

from promotions.files.errors import DocumentError

Plain = str | int | float | bool | None

# What some reader takes for something else than a string. Sexagesimal numbers and dates are YAML 1.1; `t`,
# `f`, `inf` and `nan` are what Go's parsers accept.
_OTHER_TYPES = re.compile(
    r"""(?:
      ~ | null | y | yes | n | no | t | true | f | false | on | off
    | [-+]? [0-9][0-9_]* (?: \.[0-9_]* )? (?: e[-+]?[0-9]+ )?
    | [-+]? \.[0-9][0-9_]* (?: e[-+]?[0-9]+ )?
    | [-+]? 0b[01_]+ | [-+]? 0o[0-7_]+ | [-+]? 0x[0-9a-f_]+ (?: p[-+]?[0-9]+ )?
    | [-+]? [0-9][0-9_]* (?: :[0-5]?[0-9] )+ (?: \.[0-9_]* )?
    | [-+]? \.? (?: inf | infinity | nan )
    | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2} (?: (?: t | [ \t]+ ) .* )?
    | << | =
    )\Z""",
    re.VERBOSE | re.IGNORECASE,
)
_STRUCTURE = re.compile(r"[-?:,\[\]{}#&*!|>'\"%@`]")
_NOT_PRINTABLE = re.compile("[^\t\x20-\x7e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9_]*|0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+)\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_WORDS: dict[str, Plain] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
_OLD_WORDS: dict[str, bool] = {
    **{form: True for word in ("y", "yes", "on") for form in (word, word.capitalize(), word.upper())},
    **{form: False for word in ("n", "no", "off") for form in (word, word.capitalize(), word.upper())},
}


def write_scalar(value: object, *, quote: str = "", in_flow: bool = False) -> str:
    """Spell a value on one line. `quote` is a mark to keep for a string, else it is bare where it can be.

    Raises DocumentError for a map or a list.
    """
    if isinstance(value, str):
        if quote == "'" and is_printable(value):
            return "'" + value.replace("'", "''") + "'"
        is_bare = not quote and can_be_bare(value, in_flow=in_flow)
        return value if is_bare else write_double_quoted(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _write_float(value)
    kind = "a map" if isinstance(value, dict) else "a list" if isinstance(value, list) else "no plain value"
    raise DocumentError(f"the new value is {kind}; only strings, numbers, booleans and null can be set")


def can_be_bare(text: str, *, in_flow: bool) -> bool:
    """Tell whether every reader gets this same string from the bare text."""
    if not text or text != text.strip() or not is_printable(text) or "\t" in text:
        return False
    if _OTHER_TYPES.match(text) or text.startswith(("---", "...")):
        return False
    first_is_fine = not _STRUCTURE.match(text) or (text[0] == "-" and len(text) > 1 and text[1] not in " ,]}")
    if not first_is_fine or ": " in text or " #" in text or text.endswith(":"):
        return False
    # Old readers stumble over a bare colon in a flow collection.
    return not (in_flow and re.search(r"[,\[\]{}:?]", text))


def is_printable(text: str) -> bool:
    """Tell whether a line needs no escapes to be written in YAML."""
    return not _NOT_PRINTABLE.search(text)


def write_double_quoted(text: str) -> str:
    """JSON's escapes are YAML's; characters that YAML does not print are escaped too."""
    return _NOT_PRINTABLE.sub(_escape, json.dumps(text, ensure_ascii=False).replace("\x7f", "\\x7f"))


def read_plain(text: str) -> Plain:
    """What a bare scalar means: YAML 1.2 core schema, plus the number forms Go's YAML reader knows."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.match(text):
        digits = text.replace("_", "")
        sign, number = (-1, digits[1:]) if digits[0] == "-" else (1, digits.lstrip("+"))
        if len(number) > 1 and number[0] == "0" and number[1].isdigit():
            number = f"0o{number[1:]}"
        return sign * int(number, 0) if len(number) < 1000 else text
    if _FLOAT.match(text):
        return float(text.replace("_", ""))
    return text


def read_old_plain(text: str) -> Plain:
    """What a bare scalar means by YAML 1.1 as Go's readers know it: more words are booleans, 0b is binary."""
    if text in _OLD_WORDS:
        return _OLD_WORDS[text]
    return read_plain(text)


def _write_float(value: float) -> str:
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    # No exponent: YAML 1.1 takes 1e-07 for a string.
    return str(int(value)) if value.is_integer() else format(Decimal(repr(value)), "f")


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
