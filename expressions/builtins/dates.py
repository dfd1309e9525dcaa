"""Builtins on times and durations, and their methods.

Source: expr docs, Language Definition; Go package time.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from expressions.budget import Budget
from expressions.builtins.arguments import need_duration, need_int, need_text, need_time, need_zone
from expressions.durations import (
    HOUR,
    MICROSECOND,
    MILLISECOND,
    MINUTE,
    SECOND,
    Duration,
    parse_duration,
    round_duration,
    truncate_duration,
)
from expressions.json_values import text_form
from expressions.layouts import format_time, guess_time, parse_time
from expressions.operators import subtract
from expressions.times import MONTHS, UTC, WEEKDAYS, ZERO_INSTANT, NamedNumber, Time, Zone, add_date, find_zone
from expressions.values import Value, adopt


def now(budget: Budget) -> Time:
    return Time(time.time_ns())


def date(budget: Budget, text: Value, layout: Value = None, zone: Value = None) -> Time:
    """Read a time; without a layout the usual forms are tried."""
    text = adopt(text)
    if isinstance(text, Time) and layout is None:
        return text
    place = UTC if zone is None else find_zone(need_text(zone, "date"))
    if layout is None:
        return guess_time(need_text(text, "date"), place)
    return parse_time(need_text(text, "date"), need_text(layout, "date"), place)


def duration(budget: Budget, text: Value) -> Duration:
    return parse_duration(need_text(text, "duration"))


def timezone(budget: Budget, name: Value) -> Zone:
    return find_zone(need_text(name, "timezone"))


def _format(moment: Time, layout: Value) -> str:
    return format_time(moment, need_text(layout, "Format"))


def _add_date(moment: Time, years: Value, months: Value, days: Value) -> Time:
    return add_date(moment, need_int(years, "AddDate"), need_int(months, "AddDate"), need_int(days, "AddDate"))


def _since_zero(moment: Time) -> Duration:
    return Duration(moment.instant - ZERO_INSTANT)


def _truncate(moment: Time, step: Value) -> Time:
    """Round down to a multiple of `step` counted from the year 1."""
    size = need_duration(step, "Truncate").nanoseconds
    return moment if size <= 0 else Time(moment.instant - _since_zero(moment).nanoseconds % size, moment.zone)


def _round(moment: Time, step: Value) -> Time:
    """Round to the nearest multiple of `step` counted from the year 1, halves up."""
    size = need_duration(step, "Round").nanoseconds
    if size <= 0:
        return moment
    rest = _since_zero(moment).nanoseconds % size
    return Time(moment.instant - rest + (size if 2 * rest >= size else 0), moment.zone)


def _month(moment: Time) -> NamedNumber:
    number = moment.clock().month
    return NamedNumber(number, MONTHS[number - 1])


def _weekday(moment: Time) -> NamedNumber:
    number = moment.clock().weekday
    return NamedNumber(number, WEEKDAYS[number])


def _text_of(value: Value) -> str:
    return text_form(value, Budget())


TIME_METHODS: dict[str, Callable[..., Value]] = {
    "Year": lambda moment: moment.clock().year,
    "Month": _month,
    "Day": lambda moment: moment.clock().day,
    "Hour": lambda moment: moment.clock().hour,
    "Minute": lambda moment: moment.clock().minute,
    "Second": lambda moment: moment.clock().second,
    "Nanosecond": lambda moment: moment.clock().nanosecond,
    "Weekday": _weekday,
    "YearDay": lambda moment: moment.clock().day_of_year,
    "Unix": lambda moment: moment.instant // SECOND,
    "UnixMilli": lambda moment: moment.instant // MILLISECOND,
    "UnixNano": lambda moment: moment.instant,
    "Format": _format,
    "UTC": lambda moment: Time(moment.instant),
    "In": lambda moment, zone: Time(moment.instant, need_zone(zone, "In")),
    "Add": lambda moment, amount: moment.add(need_duration(amount, "Add")),
    "Sub": lambda moment, other: subtract(Budget(), moment, need_time(other, "Sub")),
    "AddDate": _add_date,
    "Truncate": _truncate,
    "Round": _round,
    "Before": lambda moment, other: moment.instant < need_time(other, "Before").instant,
    "After": lambda moment, other: moment.instant > need_time(other, "After").instant,
    "Equal": lambda moment, other: moment.instant == need_time(other, "Equal").instant,
    "IsZero": lambda moment: moment.instant == ZERO_INSTANT,
    "String": _text_of,
    "Location": lambda moment: moment.zone,
}

DURATION_METHODS: dict[str, Callable[..., Value]] = {
    "Hours": lambda amount: amount.nanoseconds / HOUR,
    "Minutes": lambda amount: amount.nanoseconds / MINUTE,
    "Seconds": lambda amount: amount.nanoseconds / SECOND,
    "Milliseconds": lambda amount: _towards_zero(amount, MILLISECOND),
    "Microseconds": lambda amount: _towards_zero(amount, MICROSECOND),
    "Nanoseconds": lambda amount: amount.nanoseconds,
    "Round": lambda amount, step: round_duration(amount, need_duration(step, "Round")),
    "Truncate": lambda amount, step: truncate_duration(amount, need_duration(step, "Truncate")),
    "Abs": lambda amount: Duration(abs(amount.nanoseconds)),
    "String": str,
}

ZONE_METHODS: dict[str, Callable[..., Value]] = {"String": lambda zone: zone.name}


def _towards_zero(amount: Duration, unit: int) -> int:
    return truncate_duration(amount, Duration(unit)).nanoseconds // unit
