"""Times, durations and zones: builtins, methods and layouts."""

import datetime
import zoneinfo

import pytest

from expressions import ExpressionError, evaluate
from expressions.durations import Duration

T = "date('2024-01-02T03:04:05.123456789+02:00')"
LAYOUTS = [
    ("2006-01-02", "2024-01-02"),
    ("06-1-2", "24-1-2"),
    ("Jan _2", "Jan  2"),
    ("January 2", "January 2"),
    ("Mon Monday", "Tue Tuesday"),
    ("002", "002"),
    ("__2", "  2"),
    ("15:04:05", "03:04:05"),
    ("3:4:5 PM", "3:4:5 AM"),
    ("03.04 pm", "03.04 am"),
    ("05.000", "05.123"),
    ("05.999999999", "05.123456789"),
    ("05,00", "05,12"),
    ("-0700", "+0200"),
    ("-07:00", "+02:00"),
    ("-07", "+02"),
    ("Z07:00", "+02:00"),
    ("Z0700", "+0200"),
    ("MST", "+0200"),
    ("literal text", "literal text"),
    ("Year 2006!", "Year 2024!"),
    ("", ""),
    ("_2006", "_2024"),
    ("20060102150405", "20240102030405"),
]
DATES = [
    ("2024-01-02", "2024-01-02T00:00:00Z"),
    ("15:04:05", "0000-01-01T15:04:05Z"),
    ("2024-01-02 03:04:05", "2024-01-02T03:04:05Z"),
    ("2024-01-02 03:04:05.5", "2024-01-02T03:04:05.5Z"),
    ("2024-01-02T03:04:05Z", "2024-01-02T03:04:05Z"),
    ("2024-01-02T03:04:05.25-05:30", "2024-01-02T03:04:05.25-05:30"),
    ("02 Jan 06 15:04 UTC", "2006-01-02T15:04:00Z"),
    ("02 Jan 06 15:04 MST", "2006-01-02T15:04:00Z"),
    ("Monday, 02-Jan-06 15:04:05 UTC", "2006-01-02T15:04:05Z"),
    ("Mon, 02 Jan 2006 15:04:05 UTC", "2006-01-02T15:04:05Z"),
    ("2024-02-29", "2024-02-29T00:00:00Z"),
]
RFC3339 = "2006-01-02T15:04:05.999999999Z07:00"

VALUES = [
    (f"{T}.Year()", 2024),
    (f"{T}.Day()", 2),
    (f"{T}.Hour()", 3),
    (f"{T}.Minute()", 4),
    (f"{T}.Second()", 5),
    (f"{T}.Nanosecond()", 123456789),
    (f"{T}.YearDay()", 2),
    (f"{T}.Unix()", 1704157445),
    (f"{T}.UnixMilli()", 1704157445123),
    (f"{T}.UnixNano()", 1704157445123456789),
    (f"{T}.Month() == 1", True),
    (f"{T}.Weekday() == 2", True),
    (f"string({T}.Weekday())", "Tuesday"),
    (f"{T}.UTC().Hour()", 1),
    (f"string({T}.UTC().Location())", "UTC"),
    (f"{T}.UTC().String()", "2024-01-02 01:04:05.123456789 +0000 UTC"),
    ("date('2024-07-01').In(timezone('Europe/Berlin')).String()", "2024-07-01 02:00:00 +0200 CEST"),
    ("date('2024-01-01').In(timezone('Europe/Berlin')).Format('15:04 MST')", "01:00 CET"),
    ("date('2024-01-02').In(timezone('')).String()", "2024-01-02 00:00:00 +0000 UTC"),
    ("date('2024-01-02').Add(duration('1h')).Hour()", 1),
    ("date('2024-01-02').Sub(date('2024-01-01')).Hours()", 24.0),
    ("date('2024-01-31').AddDate(0, 1, 0).Format('2006-01-02')", "2024-03-02"),
    ("date('2024-02-29').AddDate(1, 0, 0).Format('2006-01-02')", "2025-03-01"),
    ("date('2024-01-01').AddDate(0, -1, -1).Format('2006-01-02')", "2023-11-30"),
    ("date('2024-01-02T03:44:00Z').Truncate(duration('1h')).Format('15:04')", "03:00"),
    ("date('2024-01-02T03:44:00Z').Round(duration('1h')).Format('15:04')", "04:00"),
    ("date('2024-01-02T03:44:00Z').Round(duration('0s')).Format('15:04')", "03:44"),
    ("date('2024-01-02').Before(date('2024-01-03'))", True),
    ("date('2024-01-02').After(date('2024-01-03'))", False),
    ("date('2024-01-02').Equal(date('2024-01-02'))", True),
    ("date('0001-01-01').IsZero()", True),
    ("date('2024-01-02').IsZero()", False),
    ("now().IsZero()", False),
    ("now() > date('2024-01-02')", True),
    ("now() - now() <= duration('0s')", True),
    ("date(date('2024-01-02')) == date('2024-01-02')", True),
    ("date('02.01.2024', '02.01.2006').Day()", 2),
    ("date('2024-07-02', '2006-01-02', 'Europe/Berlin').UTC().Hour()", 22),
    ("date('2024-07-02 10:00 CEST', '2006-01-02 15:04 MST').Hour()", 10),
    ("date('3:04PM', '3:04PM').Hour()", 15),
    ("date('12:30am', '3:04pm').Hour()", 0),
    ("date('feb 3 99', 'Jan 2 06').Format('2006-01-02')", "1999-02-03"),
    ("date('2024 060', '2006 002').Format('01-02')", "02-29"),
    ("date('2024   7', '2006 __2').Format('01-02')", "01-07"),
    ("date('2024 02-29 060', '2006 01-02 002').Format('01-02')", "02-29"),
    ("date('a  5', 'a   2').Day()", 5),
    ("date('10:00 +11', '15:04 MST').Hour()", 10),
    ("date('9.99921', '3.99915').Hour()", 21),
    ("date('4.12323April', '1.000_2January').Format('.999')", ".123"),
    ("date('10 GMT+3', '15 MST').String()", "0000-01-01 13:00:00 +0300 GMT+3"),
    ("date('10 UTCX', '15 MSTX').String()", "0000-01-01 10:00:00 +0000 UTC"),
    ("date('10 WITA', '15 MST').String()", "0000-01-01 10:00:00 +0000 WITA"),
    (
        "date('2024-07-01 10 CEST', '2006-01-02 15 MST', 'Europe/Berlin').String()",
        "2024-07-01 10:00:00 +0200 CEST",
    ),
    ("date('2024-07-01 10 CET', '2006-01-02 15 MST', 'Europe/Berlin').String()", "2024-07-01 11:00:00 +0200 CEST"),
    ("date('2024-07-01 +02', '2006-01-02 -07', 'Europe/Berlin').String()", "2024-07-01 00:00:00 +0200 CEST"),
    ("date('2024-01-01 +02', '2006-01-02 -07', 'Europe/Berlin').String()", "2024-01-01 00:00:00 +0200 +0200"),
]

DURATIONS = [
    ("1h30m", "1h30m0s"),
    ("90s", "1m30s"),
    ("300ms", "300ms"),
    ("1500us", "1.5ms"),
    ("1.5µs", "1.5µs"),
    ("1.5μs", "1.5µs"),
    ("1ns", "1ns"),
    ("-1.5h", "-1h30m0s"),
    ("+2m", "2m0s"),
    ("0", "0s"),
    ("0s", "0s"),
    ("1h0.5s", "1h0m0.5s"),
    (".5s", "500ms"),
    ("24h", "24h0m0s"),
]
DURATION_METHODS = [
    ("duration('90m').Hours()", 1.5),
    ("duration('90s').Minutes()", 1.5),
    ("duration('1500ms').Seconds()", 1.5),
    ("duration('1500us').Milliseconds()", 1),
    ("duration('-1500us').Milliseconds()", -1),
    ("duration('1500ns').Microseconds()", 1),
    ("duration('1us').Nanoseconds()", 1000),
    ("duration('90m').Round(duration('1h')).Hours()", 2.0),
    ("duration('-90m').Round(duration('1h')).Hours()", -2.0),
    ("duration('89m').Round(duration('1h')).Hours()", 1.0),
    ("duration('119m').Truncate(duration('1h')).Hours()", 1.0),
    ("duration('-119m').Truncate(duration('1h')).Hours()", -1.0),
    ("duration('5s').Round(duration('0s')).Seconds()", 5.0),
    ("duration('5s').Truncate(duration('-1s')).Seconds()", 5.0),
    ("duration('-5s').Abs().String()", "5s"),
]

ERRORS = [
    ("date('x')", "invalid date 'x'"),
    ("date('2024-02-30')", "invalid date"),
    ("date('2023-02-29')", "invalid date"),
    ("date('2024-13-01')", "invalid date"),
    ("date('25:00:00')", "invalid date"),
    ("date('2024-01-02 extra', '2006-01-02')", "expected the form '2006-01-02'"),
    ("date('2024-1-2', '2006-01-02')", "invalid date"),
    ("date('13:00 PM', '03:04 PM')", "invalid date"),
    ("date('2044-04-6')", "invalid date"),
    ("date('3PM', '03PM')", "invalid date"),
    ("date('81August', '1January')", "invalid date"),
    ("date('10 +3', '15 MST')", "invalid date"),
    ("date('10 CESX', '15 MST')", "invalid date"),
    ("date('2024 366 ', '2006 002')", "invalid date"),
    ("date('2023 366', '2006 002')", "invalid date"),
    ("date('2024 03-01 060', '2006 01-02 002')", "invalid date"),
    ("date(5)", "date() takes a string, not int"),
    ("date('2024-01-02', 5)", "date() takes a string, not int"),
    ("date('2024-01-02', '2006-01-02', 'Mars')", "unknown time zone 'Mars'"),
    ("date()", "date() takes 1 to 3 arguments, not 0"),
    ("now(1)", "now() takes 0 arguments, not 1"),
    ("timezone('x')", "unknown time zone 'x'"),
    ("timezone('../etc/passwd')", "unknown time zone"),
    ("timezone(1)", "timezone() takes a string"),
    ("duration('')", "invalid duration ''"),
    ("duration('1')", "invalid duration '1'"),
    ("duration('1d')", "invalid duration '1d'"),
    ("duration('.s')", "invalid duration"),
    ("duration('-')", "invalid duration"),
    ("duration('9999999999h')", "invalid duration"),
    ("duration(60)", "duration() takes a string, not int"),
    ("date('2024-01-02').Foo()", "time.Time has no method Foo"),
    ("date('2024-01-02').year()", "did you mean `.Year()`?"),
    ("date('2024-01-02').Year(1)", "Year() takes 0 arguments, not 1"),
    ("date('2024-01-02').Format()", "Format() takes 1 argument, not 0"),
    ("date('2024-01-02').Format(1)", "Format() takes a string, not int"),
    ("date('2024-01-02').Add('1h')", "Add() takes a duration, not string"),
    ("date('2024-01-02').Sub(duration('1h'))", "Sub() takes a time, not time.Duration"),
    ("date('2024-01-02').In('UTC')", "In() takes a timezone(...), not string"),
    ("date('2024-01-02').AddDate(1, 2)", "AddDate() takes 3 arguments, not 2"),
    ("date('2024-01-02').AddDate('1', 2, 3)", "AddDate() takes a whole number"),
    ("date('2024-01-02').AddDate(9223372036854775807, 0, 0)", "at most a thousand million"),
    ("duration('1h').Days()", "time.Duration has no method Days"),
    ("duration('1h').Round(1)", "Round() takes a duration, not int"),
]


@pytest.mark.parametrize(("layout", "expected"), LAYOUTS, ids=[case[0] or "empty" for case in LAYOUTS])
def test_writes_a_time_by_its_layout(layout, expected):
    assert evaluate(f"{T}.Format(l)", {"l": layout}) == expected


@pytest.mark.parametrize(("text", "expected"), DATES, ids=[case[0] for case in DATES])
def test_reads_the_usual_forms(text, expected):
    assert evaluate("date(t).Format(l)", {"t": text, "l": RFC3339}) == expected


@pytest.mark.parametrize(("source", "expected"), VALUES, ids=[case[0] for case in VALUES])
def test_gives(source, expected):
    assert evaluate(source, {}) == expected


@pytest.mark.parametrize(("text", "expected"), DURATIONS, ids=[case[0] for case in DURATIONS])
def test_reads_and_writes_durations(text, expected):
    assert evaluate("string(duration(t))", {"t": text}) == expected


@pytest.mark.parametrize(("source", "expected"), DURATION_METHODS, ids=[case[0] for case in DURATION_METHODS])
def test_durations_have_methods(source, expected):
    assert evaluate(source, {}) == expected


@pytest.mark.parametrize(("source", "message"), ERRORS, ids=[case[0] for case in ERRORS])
def test_refuses(source, message):
    with pytest.raises(ExpressionError) as caught:
        evaluate(source, {})

    assert message in caught.value.summary


def test_utc_writes_z():
    assert evaluate("date('2024-01-02').Format('Z07:00 Z0700 -07:00 MST')", {}) == "Z Z +00:00 UTC"


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime.datetime(2024, 7, 1, 12, tzinfo=datetime.UTC), "2024-07-01 12:00:00 +0000 UTC"),
        (
            datetime.datetime(2024, 7, 1, 12, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")),
            "2024-07-01 12:00:00 +0200 CEST",
        ),
        (
            datetime.datetime(2024, 7, 1, 12, tzinfo=datetime.timezone(datetime.timedelta(hours=-3))),
            "2024-07-01 12:00:00 -0300 -0300",
        ),
        (datetime.datetime(2024, 7, 1, 12, 0, 0, 250), "2024-07-01 12:00:00.00025 +0000 UTC"),
    ],
)
def test_a_datetime_of_the_host_is_a_time(moment, expected):
    assert evaluate("string(x)", {"x": moment}) == expected
    assert evaluate("string(first(l))", {"l": [moment]}) == expected
    assert evaluate("m.x.Hour()", {"m": {"x": moment}}) == 12


def test_a_timedelta_of_the_host_is_a_duration():
    delta = datetime.timedelta(days=1, seconds=2, microseconds=3)

    assert evaluate("x", {"x": delta}) == Duration(86_402_000_003_000)
    assert evaluate("date('2024-01-02') + x > date('2024-01-03')", {"x": delta}) is True


def test_the_clock_of_every_day_agrees_with_python():
    for ordinal in range(1, datetime.date.max.toordinal(), 997):
        day = datetime.datetime.fromordinal(ordinal).replace(tzinfo=datetime.UTC)

        clock = evaluate("x", {"x": day}).clock()

        assert (clock.year, clock.month, clock.day) == (day.year, day.month, day.day)
        assert clock.day_of_year == day.timetuple().tm_yday
        assert clock.weekday == day.isoweekday() % 7
