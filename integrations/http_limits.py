"""How servers say "too many requests", and how long they want us to wait. Pure but for the clock.

Sources: RFC 9110 (Retry-After); GitHub docs "Rate limits for the REST API" (403 or 429, x-ratelimit-remaining,
x-ratelimit-reset, secondary limits); GitLab docs "Rate limits" (RateLimit-Reset); Azure DevOps docs "Rate limits".
"""

import email.utils
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

LONGEST_PAUSE = timedelta(days=1)

_REMAINING = ("x-ratelimit-remaining", "ratelimit-remaining")
_RESET = ("x-ratelimit-reset", "ratelimit-reset")
# GitHub's secondary limits come as 403 and, at times, without any header that says so.
_TELLING = (b"secondary rate limit", b"api rate limit exceeded", b"abuse detection mechanism")
# A reset as seconds since 1970 is far above this; as seconds from now, far below.
_EPOCH = 1_000_000_000


def is_rate_limit(status: int, header: Callable[[str], str | None], body: bytes = b"") -> bool:
    """Tell a request for a pause from a plain refusal; `header` gives a header's first value."""
    if status == 429:
        return True
    if status != 403:
        return False
    if header("retry-after") is not None or any(header(name) == "0" for name in _REMAINING):
        return True
    said = body[:4096].lower()
    return any(words in said for words in _TELLING)


def read_pause(status: int, header: Callable[[str], str | None]) -> timedelta | None:
    """How long the server wants us to wait: Retry-After, or the reset of a limit that is used up."""
    asked = _read_retry_after(header("retry-after"))
    if asked is not None or not is_rate_limit(status, header):
        return asked
    return next((pause for name in _RESET if (pause := _read_reset(header(name))) is not None), None)


def _read_retry_after(value: str | None) -> timedelta | None:
    if value is None:
        return None
    if value.strip().isdigit():
        return _bounded(int(value))
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(moment - datetime.now(UTC), timedelta())


def _read_reset(value: str | None) -> timedelta | None:
    if value is None or not value.strip().isdigit():
        return None
    seconds = int(value)
    return _bounded(seconds - int(datetime.now(UTC).timestamp()) if seconds > _EPOCH else seconds)


def _bounded(seconds: int) -> timedelta:
    return timedelta(seconds=min(max(seconds, 0), int(LONGEST_PAUSE.total_seconds())))
