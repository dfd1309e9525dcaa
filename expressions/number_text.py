"""Numbers to text and back, as Go writes and reads them.

Source: Go packages strconv and encoding/json.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal

_DIGITS = r"[0-9]+(?:_[0-9]+)*"
_DECIMAL = re.compile(rf"[+-]?(?:{_DIGITS}\.?(?:{_DIGITS})?|\.{_DIGITS})(?:[eE][+-]?{_DIGITS})?")
_HEX = re.compile(r"[+-]?0[xX]_?(?:[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?[0-9]+")
_SPECIAL = re.compile(r"[+-]?(?:inf|infinity)|nan", re.IGNORECASE)
_NUMBER_START = frozenset("0123456789+-.iInN")


def read_float(text: str) -> float | None:
    """Read a number as Go's ParseFloat does (`007`, `.5`, `0x1p4`, `1_000`, `inf`); None if it is none or too big."""
    if not text or text[0] not in _NUMBER_START:
        return None
    if _DECIMAL.fullmatch(text):
        number = float(text.replace("_", ""))
        return number if math.isfinite(number) else None
    if _HEX.fullmatch(text):
        try:
            return float.fromhex(text.replace("_", ""))
        except OverflowError:
            return None
    if _SPECIAL.fullmatch(text):
        return float(text)
    return None


def write_json_number(number: float) -> str:
    """Write a finite float as JSON: no decimals for whole numbers, an exponent below 1e-6 and from 1e21."""
    if number == 0:
        return "-0" if math.copysign(1, number) < 0 else "0"
    if 1e-6 <= abs(number) < 1e21:
        text = format(Decimal(repr(number)), "f")
        return text.removesuffix(".0") if text.endswith(".0") else text
    mantissa, exponent = _shortest(number)
    return f"{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent)}"


def write_float(number: float) -> str:
    """Write a float as the `string` builtin does: shortest digits, an exponent below 1e-4 and from 1e6."""
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "+Inf" if number > 0 else "-Inf"
    if number == 0:
        return "-0" if math.copysign(1, number) < 0 else "0"
    mantissa, exponent = _shortest(number)
    if exponent < -4 or exponent >= 6:
        return f"{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
    text = format(Decimal(repr(number)), "f")
    return text.removesuffix(".0") if text.endswith(".0") else text


def _shortest(number: float) -> tuple[str, int]:
    """Return the shortest digits with one before the point, and the exponent of ten."""
    sign, digits, exponent = Decimal(repr(number)).as_tuple()
    text = "".join(map(str, digits)).rstrip("0") or "0"
    shift = len(digits) - 1 + int(exponent)
    mantissa = text[0] + (f".{text[1:]}" if len(text) > 1 else "")
    return ("-" if sign else "") + mantissa, shift
