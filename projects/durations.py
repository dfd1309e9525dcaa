"""Durations as Kargo writes them: groups of a number and a unit, `5m0s`, `1h30m`, `1.5h`."""

import re
from datetime import timedelta

_GROUP = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_WHOLE = re.compile(rf"(?:{_GROUP.pattern})+")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def parse_duration(text: str) -> timedelta:
    """A Go duration without sign; `0` is allowed. Raises ValueError that names the text and the form."""
    if text == "0":
        return timedelta(0)
    if not _WHOLE.fullmatch(text):
        raise ValueError(f'"{text}" is no duration; write for example 30s, 5m or 1h30m')
    return timedelta(seconds=sum(float(number) * _SECONDS[unit] for number, unit in _GROUP.findall(text)))
