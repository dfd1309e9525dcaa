"""Durations in the config of steps, as Go writes them: `30s`, `1h30m`, `1.5h`, `-2s`.

Steps import nothing of the installation, so the reader of manifests is out of reach here; it has no signs either.
"""

import re
from datetime import timedelta

# The pattern of Kargo's schema; it is not anchored, so what passes it is read again by `parse_duration`.
SCHEMA_PATTERN = r"(?:\d+(ns|us|µs|ms|s|m|h))+"

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_GROUP = r"([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)"
_WHOLE = re.compile(rf"[-+]?(?:0|(?:{_GROUP})+)")


def parse_duration(text: str) -> timedelta:
    """Raises ValueError that names the text."""
    if not _WHOLE.fullmatch(text):
        raise ValueError(f'"{text}" is not a duration; write for example 30s, 5m or 1h30m')
    seconds = sum(float(number) * _UNITS[unit] for number, unit in re.findall(_GROUP, text))
    try:
        return timedelta(seconds=-seconds if text.startswith("-") else seconds)
    except OverflowError as error:
        raise ValueError(f'"{text}" is too long for a duration') from error
