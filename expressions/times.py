"""Times: nanoseconds since 1970 and a zone, for any year.

`date("15:04:05")` lies in the year 0, which datetime has not, and nanoseconds must survive.

Source: Go package time.
"""

from __future__ import annotations

import datetime
import zoneinfo
from dataclasses import dataclass
from functools import lru_cache

from expressions.durations import SECOND, Duration
from expressions.errors import ExpressionError

_DAY = 86_400
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")


@dataclass(frozen=True, slots=True)
class NamedNumber:
    """A month (1 to 12) or weekday (Sunday is 0): a number whose text form is a name."""

    number: int
    name: str


@dataclass(frozen=True, slots=True)
class Zone:
    """A time zone: an IANA name, or (with `offset` in seconds) a fixed offset with an abbreviation."""

    name: str
    offset: int | None = None

    def at(self, seconds: int) -> tuple[int, str]:
        """Return the offset from UTC in seconds and the abbreviation valid at that instant."""
        if self.offset is not None:
            return self.offset, self.name
        # zoneinfo needs a datetime; outside its years the offset of the nearest year holds.
        seconds = min(max(seconds, _FIRST_SECOND), _LAST_SECOND)
        moment = datetime.datetime.fromtimestamp(0, datetime.UTC) + datetime.timedelta(seconds=seconds)
        local = moment.astimezone(zoneinfo.ZoneInfo(self.name))
        offset = local.utcoffset() or datetime.timedelta()
        return int(offset.total_seconds()), local.tzname() or ""


_FIRST_SECOND = -62_135_500_000
_LAST_SECOND = 253_402_200_000
UTC = Zone("UTC", 0)


@lru_cache(maxsize=256)
def find_zone(name: str) -> Zone:
    """Return the zone of an IANA name; an empty name is UTC. Raises ExpressionError for an unknown one."""
    if name in {"", "UTC"}:
        return UTC
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        message = f"unknown time zone {name!r}: expected an IANA name such as `Europe/Berlin`"
        raise ExpressionError(message) from None
    return Zone(name)


@dataclass(frozen=True, slots=True)
class Clock:
    """A time as its zone shows it; weekday 0 is Sunday, day_of_year starts at 1."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    nanosecond: int
    weekday: int
    day_of_year: int
    offset: int
    abbreviation: str


@dataclass(frozen=True, slots=True)
class Time:
    """An instant (nanoseconds since 1970 in UTC) as seen in a zone."""

    instant: int
    zone: Zone = UTC

    @classmethod
    def from_datetime(cls, moment: datetime.datetime) -> Time:
        """Keep instant and zone; a naive datetime counts as UTC."""
        offset = moment.utcoffset()
        zone = UTC
        if isinstance(moment.tzinfo, zoneinfo.ZoneInfo) and moment.tzinfo.key:
            zone = find_zone(moment.tzinfo.key)
        elif offset:
            zone = Zone("", int(offset.total_seconds()))
        days = days_from_civil(moment.year, moment.month, moment.day)
        seconds = days * _DAY + moment.hour * 3600 + moment.minute * 60 + moment.second
        seconds -= int(offset.total_seconds()) if offset else 0
        return cls(seconds * SECOND + moment.microsecond * 1000, zone)

    def clock(self) -> Clock:
        """Return year, month, day and so on in the zone of this time."""
        seconds, nanosecond = divmod(self.instant, SECOND)
        offset, abbreviation = self.zone.at(seconds)
        days, rest = divmod(seconds + offset, _DAY)
        year, month, day = civil_from_days(days)
        hour, rest = divmod(rest, 3600)
        minute, second = divmod(rest, 60)
        day_of_year = days - days_from_civil(year, 1, 1) + 1
        weekday = (days + 4) % 7
        return Clock(year, month, day, hour, minute, second, nanosecond, weekday, day_of_year, offset, abbreviation)

    def add(self, duration: Duration) -> Time:
        return Time(self.instant + duration.nanoseconds, self.zone)


# The zero time of Go, 0001-01-01 00:00:00 UTC: what IsZero() asks for.
ZERO_INSTANT = -62_135_596_800 * SECOND


def make_time(date: tuple[int, int, int], seconds_of_day: int, nanosecond: int, zone: Zone) -> Time:
    """Make a time from what a clock in `zone` shows; month and day may overflow (month 14, day 0)."""
    year, month, day = date
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    local = (days_from_civil(year, month, 1) + day - 1) * _DAY + seconds_of_day
    # The offset depends on the instant and the instant on the offset: ask twice, as Go does.
    offset, _ = zone.at(local)
    offset, _ = zone.at(local - offset)
    return Time((local - offset) * SECOND + nanosecond, zone)


def add_date(time: Time, years: int, months: int, days: int) -> Time:
    """Move the calendar date and keep the clock; January 31 plus one month is March 2 or 3."""
    now = time.clock()
    if max(abs(years), abs(months), abs(days)) > 1_000_000_000:
        raise ExpressionError("AddDate() takes at most a thousand million years, months and days")
    seconds = now.hour * 3600 + now.minute * 60 + now.second
    return make_time((now.year + years, now.month + months, now.day + days), seconds, now.nanosecond, time.zone)


def days_from_civil(year: int, month: int, day: int) -> int:
    """Count the days from 1970-01-01 in the proleptic Gregorian calendar."""
    # Years run from March, so that the leap day is the last one; eras are 400 years.
    year -= month <= 2
    era, year_of_era = divmod(year, 400)
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146_097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719_468


def civil_from_days(days: int) -> tuple[int, int, int]:
    """Return year, month and day of a count of days from 1970-01-01."""
    era, day_of_era = divmod(days + 719_468, 146_097)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted + 2) // 5 + 1
    month = shifted + 3 if shifted < 10 else shifted - 9
    return year_of_era + era * 400 + (month <= 2), month, day


def days_in_month(year: int, month: int) -> int:
    next_month = (year, month + 1, 1) if month < 12 else (year + 1, 1, 1)
    return days_from_civil(*next_month) - days_from_civil(year, month, 1)
