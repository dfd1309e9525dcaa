"""Go's time layouts: times are written and read by the example `Mon Jan 2 15:04:05 MST 2006`.

Source: Go package time, Format and Parse.
"""

from __future__ import annotations

import re
from functools import lru_cache

from expressions.durations import SECOND
from expressions.errors import ExpressionError
from expressions.times import (
    MONTHS,
    UTC,
    WEEKDAYS,
    Clock,
    Time,
    Zone,
    civil_from_days,
    days_from_civil,
    days_in_month,
    make_time,
)

_MARK = re.compile(
    r"January|Jan|Monday|Mon|MST|002|01|02|03|04|05|06|2006|_2006|__2|_2|15|PM|pm"
    r"|-07:00:00|-070000|-07:00|-0700|-07|Z07:00:00|Z070000|Z07:00|Z0700|Z07"
    r"|[.,](?:0+|9+)(?![0-9])|1|2|3|4|5"
)
_BLANKS = re.compile(r" +")
_FRACTION = re.compile(r"[.,]([0-9]+)")
# Longer names must end in T, the one exception aside; a number counts only after GMT and alone.
_ABBREVIATION = re.compile(
    r"UTC|ChST|MeST|GMT(?:[+-]0*(?:1[0-9]|2[0-3]|[0-9])(?![0-9]))?|(?=...)[+-]0*(?:1[0-9]|2[0-3]|[0-9])(?![0-9])"
    r"|(?:[A-Z]{4}T|[A-Z]{3}T|WITA|[A-Z]{3})(?![A-Z])"
)
_OFFSET = {
    "-07": re.compile(r"([+-])(\d\d)()()", re.ASCII),
    "-0700": re.compile(r"([+-])(\d\d)(\d\d)()", re.ASCII),
    "-07:00": re.compile(r"([+-])(\d\d):(\d\d)()", re.ASCII),
    "-070000": re.compile(r"([+-])(\d\d)(\d\d)(\d\d)", re.ASCII),
    "-07:00:00": re.compile(r"([+-])(\d\d):(\d\d):(\d\d)", re.ASCII),
}
# Marks that read a number: the field, and the digits with the blanks that may stand for leading ones.
_NUMBERS: dict[str, tuple[str, re.Pattern[str]]] = {
    mark: (field, re.compile(pattern))
    for mark, field, pattern in (
        ("2006", "year", "[0-9]{4}"),
        ("06", "short_year", "[0-9]{2}"),
        ("01", "month", "[0-9]{2}"),
        ("1", "month", "[0-9]{1,2}"),
        ("02", "day", "[0-9]{2}"),
        ("2", "day", "[0-9]{1,2}"),
        ("_2", "day", " ?[0-9]{1,2}"),
        ("002", "day_of_year", "[0-9]{3}"),
        ("__2", "day_of_year", " {0,2}[0-9]{1,3}"),
        ("15", "hour", "[0-9]{1,2}"),
        ("03", "hour12", "[0-9]{2}"),
        ("3", "hour12", "[0-9]{1,2}"),
        ("04", "minute", "[0-9]{2}"),
        ("4", "minute", "[0-9]{1,2}"),
        ("05", "second", "[0-9]{2}"),
        ("5", "second", "[0-9]{1,2}"),
    )
}
_RANGES = {"month": (1, 12), "hour": (0, 23), "hour12": (0, 12), "minute": (0, 59), "second": (0, 59)}
_HALF_YEAR = 183 * 86_400
_WINTER = 1_704_067_200  # 2024-01-01
RFC3339 = "2006-01-02T15:04:05Z07:00"
RFC3339_NANO = "2006-01-02T15:04:05.999999999Z07:00"
# How a text of the form begins, told fast: most texts are in one of the middle forms.
GUESSED_LAYOUTS = tuple(
    (re.compile(beginning), layout)
    for beginning, layout in (
        ("[0-9]{4}-[0-9]{2}-[0-9]{2}$", "2006-01-02"),
        ("[0-9]{1,2}:", "15:04:05"),
        ("[0-9]{4}-[0-9]{2}-[0-9]{2} ", "2006-01-02 15:04:05"),
        ("[0-9]{4}-[0-9]{2}-[0-9]{2}T", RFC3339),
        ("[0-9]{2} ", "02 Jan 06 15:04 MST"),
        ("[A-Za-z]{6}", "Monday, 02-Jan-06 15:04:05 MST"),
        ("[A-Za-z]{3},", "Mon, 02 Jan 2006 15:04:05 MST"),
    )
)


@lru_cache(maxsize=256)
def _split(layout: str) -> tuple[tuple[str, str], ...]:
    """Cut a layout into (literal text before, mark) pairs; the last mark may be empty."""
    parts: list[tuple[str, str]] = []
    literal_start = position = 0
    while found := _MARK.search(layout, position):
        mark, start = found[0], found.start()
        position = found.end()
        if mark in {"Jan", "Mon"} and layout[position : position + 1].islower():
            continue
        if mark == "_2006":
            mark, start = "2006", start + 1
        parts.append((layout[literal_start:start], mark))
        literal_start = position
    parts.append((layout[literal_start:], ""))
    return tuple(parts)


def format_time(time: Time, layout: str) -> str:
    """Write a time by a Go layout."""
    clock = time.clock()
    return "".join(literal + _written(mark, clock) for literal, mark in _split(layout))


def _written(mark: str, clock: Clock) -> str:
    if not mark:
        return ""
    if mark[0] in ".,":
        digits = f"{clock.nanosecond:09d}"[: len(mark) - 1].ljust(len(mark) - 1, "0")
        if mark[1] == "9":
            digits = digits.rstrip("0")
        return mark[0] + digits if digits else ""
    if mark[0] in "-Z":
        return _written_offset(mark, clock.offset)
    return _WRITERS[mark](clock)


def _written_offset(mark: str, offset: int) -> str:
    if mark[0] == "Z" and offset == 0:
        return "Z"
    sign = "-" if offset < 0 else "+"
    hours, rest = divmod(abs(offset), 3600)
    minutes, seconds = divmod(rest, 60)
    parts = [f"{hours:02d}", f"{minutes:02d}", f"{seconds:02d}"]
    digits = sum(char.isdigit() for char in mark) // 2
    return sign + (":" if ":" in mark else "").join(parts[:digits])


def _year(year: int) -> str:
    return f"{year:04d}" if year >= 0 else f"-{-year:04d}"


def _zone_name(clock: Clock) -> str:
    return clock.abbreviation or _written_offset("-0700", clock.offset)


_WRITERS = {
    "2006": lambda clock: _year(clock.year),
    "06": lambda clock: f"{clock.year % 100:02d}",
    "January": lambda clock: MONTHS[clock.month - 1],
    "Jan": lambda clock: MONTHS[clock.month - 1][:3],
    "01": lambda clock: f"{clock.month:02d}",
    "1": lambda clock: str(clock.month),
    "Monday": lambda clock: WEEKDAYS[clock.weekday],
    "Mon": lambda clock: WEEKDAYS[clock.weekday][:3],
    "02": lambda clock: f"{clock.day:02d}",
    "2": lambda clock: str(clock.day),
    "_2": lambda clock: f"{clock.day:2d}",
    "002": lambda clock: f"{clock.day_of_year:03d}",
    "__2": lambda clock: f"{clock.day_of_year:3d}",
    "15": lambda clock: f"{clock.hour:02d}",
    "03": lambda clock: f"{(clock.hour + 11) % 12 + 1:02d}",
    "3": lambda clock: str((clock.hour + 11) % 12 + 1),
    "04": lambda clock: f"{clock.minute:02d}",
    "4": lambda clock: str(clock.minute),
    "05": lambda clock: f"{clock.second:02d}",
    "5": lambda clock: str(clock.second),
    "PM": lambda clock: "PM" if clock.hour >= 12 else "AM",
    "pm": lambda clock: "pm" if clock.hour >= 12 else "am",
    "MST": _zone_name,
}


class _Mismatch(Exception):
    """The text does not follow the layout."""


def parse_time(text: str, layout: str, zone: Zone) -> Time:
    """Read a time by a Go layout; `zone` counts if the text names none. Raises ExpressionError."""
    try:
        return _Reading(text, zone).follow(layout)
    except _Mismatch:
        raise ExpressionError(f"invalid date {text!r}: expected the form {layout!r}") from None


def guess_time(text: str, zone: Zone) -> Time:
    """Read a time written in one of the usual forms. Raises ExpressionError."""
    for beginning, layout in GUESSED_LAYOUTS:
        if not beginning.match(text):
            continue
        try:
            return _Reading(text, zone).follow(layout)
        except _Mismatch:
            continue
    raise ExpressionError(f"invalid date {text!r}", hint="give the layout as second argument, such as `2006-01-02`")


class _Reading:
    """One text being read by one layout."""

    def __init__(self, text: str, zone: Zone) -> None:
        self.text = text
        self.at = 0
        self.zone = zone
        self.fields: dict[str, int] = {}
        self.offset: int | None = None
        self.abbreviation = ""
        self.afternoon: bool | None = None

    def follow(self, layout: str) -> Time:
        parts = _split(layout)
        for number, (literal, mark) in enumerate(parts):
            self.skip(literal)
            if mark:
                self.read(mark, following=parts[number + 1][1])
        if self.at != len(self.text):
            raise _Mismatch
        return self.finish()

    def skip(self, literal: str) -> None:
        if " " not in literal:
            if not self.text.startswith(literal, self.at):
                raise _Mismatch
            self.at += len(literal)
            return
        # Blanks in the layout stand for any number of blanks, also none at the end of the text.
        for char in _BLANKS.sub(" ", literal):
            if char == " ":
                if self.at < len(self.text) and self.text[self.at] != " ":
                    raise _Mismatch
                while self.text.startswith(" ", self.at):
                    self.at += 1
            elif self.text.startswith(char, self.at):
                self.at += 1
            else:
                raise _Mismatch

    def read(self, mark: str, following: str) -> None:
        if mark in _NUMBERS:
            self.read_number(mark)
            if mark in {"05", "5"} and following[:1] not in {".", ","} and (found := self.match(_FRACTION)):
                self.set_fraction(found[1])
        elif mark[0] in ".,":
            self.read_fraction(mark)
        elif mark in {"January", "Jan", "Monday", "Mon"}:
            self.read_name(mark)
        elif mark in {"PM", "pm"}:
            half = self.text[self.at : self.at + 2]
            if half not in ({"AM", "PM"} if mark == "PM" else {"am", "pm"}):
                raise _Mismatch
            self.afternoon = half.upper() == "PM"
            self.at += 2
        elif mark == "MST":
            self.read_abbreviation()
        else:
            self.read_offset(mark)

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def read_number(self, mark: str) -> None:
        field, pattern = _NUMBERS[mark]
        found = self.match(pattern)
        if not found:
            raise _Mismatch
        number = int(found[0])
        if field in _RANGES:
            lowest, highest = _RANGES[field]
            if not lowest <= number <= highest:
                raise _Mismatch
        if field == "short_year":
            field, number = "year", number + (1900 if number >= 69 else 2000)
        elif field == "hour12":
            field = "hour"
        self.fields[field] = number

    def read_fraction(self, mark: str) -> None:
        """Nines stand for any number of digits or none at all, noughts for exactly as many."""
        found = self.match(_FRACTION)
        if found is None or (mark[1] == "0" and len(found[0]) < len(mark)):
            if mark[1] == "0":
                raise _Mismatch
            return
        digits = found[1]
        if mark[1] == "0":
            self.at = found.start() + len(mark)
            digits = digits[: len(mark) - 1]
        self.set_fraction(digits)

    def set_fraction(self, digits: str) -> None:
        self.fields["nanosecond"] = int(digits[:9].ljust(9, "0"))

    def read_name(self, mark: str) -> None:
        names = MONTHS if mark in {"January", "Jan"} else WEEKDAYS
        short = len(mark) == 3
        for number, name in enumerate(names, start=1):
            wanted = name[:3] if short else name
            if self.text[self.at : self.at + len(wanted)].lower() == wanted.lower():
                self.at += len(wanted)
                if names is MONTHS:
                    self.fields["month"] = number
                return
        raise _Mismatch

    def read_abbreviation(self) -> None:
        found = self.match(_ABBREVIATION)
        if not found:
            raise _Mismatch
        self.abbreviation = found[0]

    def read_offset(self, mark: str) -> None:
        if mark[0] == "Z" and self.text.startswith("Z", self.at):
            self.at += 1
            self.offset, self.abbreviation = 0, "UTC"
            return
        found = self.match(_OFFSET["-" + mark[1:]])
        if not found:
            raise _Mismatch
        hours, minutes, seconds = int(found[2]), int(found[3] or 0), int(found[4] or 0)
        if hours > 24 or minutes > 59 or seconds > 59:
            raise _Mismatch
        amount = hours * 3600 + minutes * 60 + seconds
        self.offset = -amount if found[1] == "-" else amount

    def finish(self) -> Time:
        read = self.fields.get
        year = read("year", 0)
        month, day = self.found_day(year)
        hour = read("hour", 0)
        if self.afternoon is not None and hour <= 12:
            hour = hour % 12 + (12 if self.afternoon else 0)
        minute, second = read("minute", 0), read("second", 0)
        date, seconds, nanosecond = (year, month, day), hour * 3600 + minute * 60 + second, read("nanosecond", 0)
        if self.offset is None and not self.abbreviation:
            return make_time(date, seconds, nanosecond, self.zone)
        instant = make_time(date, seconds, nanosecond, UTC).instant
        zone, offset = self.found_zone(instant // SECOND)
        return Time(instant - offset * SECOND, zone)

    def found_day(self, year: int) -> tuple[int, int]:
        """Return month and day; a day of the year must agree with them where they are given, too."""
        read = self.fields.get
        month, day = read("month", 1), read("day", 1)
        if "day_of_year" in self.fields:
            number = self.fields["day_of_year"]
            if not 1 <= number <= days_from_civil(year + 1, 1, 1) - days_from_civil(year, 1, 1):
                raise _Mismatch
            _, month, day = civil_from_days(days_from_civil(year, 1, 1) + number - 1)
            if read("month", month) != month or read("day", day) != day:
                raise _Mismatch
        elif not (1 <= month <= 12 and 1 <= day <= days_in_month(year, month)):
            raise _Mismatch
        return month, day

    def found_zone(self, seconds: int) -> tuple[Zone, int]:
        """Return the zone to show and the offset that the clock, `seconds` since 1970, was read by.

        An offset counts most, then an abbreviation that the zone has; any other name is kept, at offset 0. After
        `GMT+3` the clock is read as UTC and shown three hours later. All of it as Go does.
        """
        name = self.abbreviation
        if self.offset is not None:
            offset, abbreviation = self.zone.at(seconds - self.offset)
            is_here = offset == self.offset and name in {"", abbreviation}
            return self.zone if is_here else Zone(name, self.offset), self.offset
        if name == "UTC":
            return UTC, 0
        if (known := _find_offset(self.zone, name, seconds)) is not None:
            return self.zone, known
        return Zone(name, int(name[3:]) * 3600 if name.startswith("GMT") and name != "GMT" else 0), 0


def _find_offset(zone: Zone, abbreviation: str, seconds: int) -> int | None:
    """Return what an abbreviation means in a zone: at that time if it is in use then, else at any other."""
    moments = (seconds, seconds - _HALF_YEAR, seconds + _HALF_YEAR, _WINTER, _WINTER + _HALF_YEAR)
    offsets = [offset for offset, name in map(zone.at, moments) if name == abbreviation]
    for offset in offsets:
        if zone.at(seconds - offset)[1] == abbreviation:
            return offset
    return offsets[0] if offsets else None
