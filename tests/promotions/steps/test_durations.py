from datetime import timedelta

import pytest

from promotions.steps.durations import parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30),
        ("1h30m", 5400),
        ("1.5h", 5400),
        ("-2s", -2),
        ("0", 0),
        ("250ms", 0.25),
        (".5m", 30),
        ("1µs", 1e-6),
    ],
)
def test_reads_durations_as_go_does(text, seconds):
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "1", "1d", "s", "1s ", "1 s", "h1", "1s-2s", "99999999999999h", "+"])
def test_refuses_what_go_refuses(text):
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)
