"""Durations: whole nanoseconds, read and written as Go does (`1h30m0s`).

Source: Go package time, Duration and ParseDuration.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass

from expressions.errors import ExpressionError

NANOSECOND = 1
MICROSECOND = 1_000
MILLISECOND = 1_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
_UNITS = {
    "ns": NANOSECOND,
    "us": MICROSECOND,
    "µs": MICROSECOND,
    "μs": MICROSECOND,  # the Greek letter, beside the micro sign above
    "ms": MILLISECOND,
    "s": SECOND,
    "m": MINUTE,
    "h": HOUR,
}
_PART = re.compile(r"([0-9]*)(?:\.([0-9]*))?([^0-9.]*)")
_LIMIT = 2**63


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    nanoseconds: int

    @classmethod
    def from_timedelta(cls, delta: datetime.timedelta) -> Duration:
        return cls((delta.days * 86_400 + delta.seconds) * SECOND + delta.microseconds * MICROSECOND)

    def __str__(self) -> str:
        amount = abs(self.nanoseconds)
        sign = "-" if self.nanoseconds < 0 else ""
        if amount == 0:
            return "0s"
        if amount < SECOND:
            unit, size = next((u, s) for u, s in _SMALL_UNITS if amount >= s)
            return f"{sign}{_with_fraction(amount, size)}{unit}"
        hours, rest = divmod(amount, HOUR)
        minutes, rest = divmod(rest, MINUTE)
        text = f"{_with_fraction(rest, SECOND)}s"
        if hours or minutes:
            text = f"{minutes}m{text}"
        if hours:
            text = f"{hours}h{text}"
        return sign + text


_SMALL_UNITS = (("ms", MILLISECOND), ("µs", MICROSECOND), ("ns", NANOSECOND))


def _with_fraction(amount: int, size: int) -> str:
    whole, rest = divmod(amount, size)
    if not rest:
        return str(whole)
    digits = str(rest).rjust(len(str(size)) - 1, "0").rstrip("0")
    return f"{whole}.{digits}"


def parse_duration(text: str) -> Duration:
    """Read `300ms`, `1h30m`, `-1.5h` or `0`. Raises ExpressionError."""
    invalid = ExpressionError(f"invalid duration {text!r}: write it as in `300ms`, `90s` or `1h30m`")
    body = text[1:] if text[:1] in {"+", "-"} else text
    if body == "0":
        return Duration(0)
    if not body or len(body) > 100:
        raise invalid
    total, position = 0, 0
    while position < len(body):
        found = _PART.match(body, position)
        if not found or not (found[1] or found[2]) or found[3] not in _UNITS:
            raise invalid
        size = _UNITS[found[3]]
        total += int(found[1] or "0") * size
        if found[2]:
            total += int(found[2]) * size // 10 ** len(found[2])
        position = found.end()
    total = -total if text.startswith("-") else total
    if not -_LIMIT <= total < _LIMIT:
        raise invalid
    return Duration(total)


def round_duration(value: Duration, step: Duration) -> Duration:
    """Round to the nearest multiple of `step`, halves away from zero; a step of zero or less changes nothing."""
    if step.nanoseconds <= 0:
        return value
    whole, rest = divmod(abs(value.nanoseconds), step.nanoseconds)
    if 2 * rest >= step.nanoseconds:
        whole += 1
    rounded = whole * step.nanoseconds
    return Duration(rounded if value.nanoseconds >= 0 else -rounded)


def truncate_duration(value: Duration, step: Duration) -> Duration:
    """Round towards zero to a multiple of `step`; a step of zero or less changes nothing."""
    if step.nanoseconds <= 0:
        return value
    kept = abs(value.nanoseconds) // step.nanoseconds * step.nanoseconds
    return Duration(kept if value.nanoseconds >= 0 else -kept)
