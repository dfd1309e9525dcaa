"""Reads the end of a hold from its form."""

from datetime import datetime

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from projects.errors import InvalidRequest


def read_until(text: str) -> datetime | None:
    """A local date and time as browsers send it (`2026-11-24T09:00`), None when empty. Raises InvalidRequest."""
    if not text.strip():
        return None
    try:
        moment = parse_datetime(text.strip())
    except ValueError:
        moment = None
    if moment is None:
        raise InvalidRequest(f'"{text}" is no date and time. Write it as 2026-11-24T09:00.')
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)
