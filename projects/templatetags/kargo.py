"""The few template tags and filters every page shares: icons, times, and short forms of long names."""

import functools
from datetime import datetime, timedelta

from django import template
from django.template import Context
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from heroicons.templatetags.heroicons import heroicon_micro, heroicon_mini

from projects.templatetags.marks import ARTIFACT_ICONS, DRAWINGS, HEROICONS, STATUS_MARKS, UNKNOWN_MARK, Mark

register = template.Library()

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR


@register.simple_tag
def icon(name: str, size: int = 16, label: str = "") -> SafeString:
    """An inline SVG; with `label` it speaks for itself, without it is hidden from screen readers.

    Raises KeyError for a name missing from the tables: a page must not lose its icon silently.
    """
    drawing = _draw(name, size)
    if label:
        return format_html('{}<span class="visually-hidden">{}</span>', drawing, label)
    return drawing


@register.simple_tag
def status_icon(phase: object, size: int = 16) -> SafeString:
    """The icon of a status word or phase, in its colour; always put the word beside it."""
    mark = find_mark(phase)
    return format_html('<span class="status-icon is-{}">{}</span>', mark.tone, _draw(mark.icon, size))


@register.simple_tag
def mark_icon(phase: object, size: int = 14) -> SafeString:
    """The icon of a status word in the colour of the text around it, for chips."""
    return _draw(find_mark(phase).icon, size)


@register.simple_tag
def artifact_icon(kind: str, size: int = 14) -> SafeString:
    """The icon of an artifact: image, git, chart; anything else is drawn as generic."""
    return _draw(ARTIFACT_ICONS.get(kind, "generic"), size)


@register.filter
def status_tone(phase: object) -> str:
    """The colour class of a status word without its `is-` prefix: ok, run, wait, human, fail, stop, idle."""
    return find_mark(phase).tone


def find_mark(phase: object) -> Mark:
    """The mark of a status word; a word nobody knows is shown as Unknown is."""
    return STATUS_MARKS.get(str(phase).strip().lower(), UNKNOWN_MARK)


@functools.cache
def _draw(name: str, size: int) -> SafeString:
    """Render once per name and size: the package parses XML on each call, and a map draws thousands."""
    if name in DRAWINGS:
        svg = (
            '<svg viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5" '
            f'stroke-linecap="round" stroke-linejoin="round" width="{size}" height="{size}" '
            f'class="icon" aria-hidden="true">{DRAWINGS[name]}</svg>'
        )
    else:
        draw = heroicon_micro if size <= 16 else heroicon_mini
        svg = draw(HEROICONS[name], size=size, **{"class": "icon", "aria-hidden": "true"})
    # Drawn from our own tables and the installed package alone.
    return mark_safe(svg)  # noqa: S308


@register.simple_tag(takes_context=True)
def relative_time(context: Context, at: datetime, short: bool = False) -> str:
    """`2 h ago`, `in 5 min`, `just now`; short: `2 h`. A `now` in the context stops the clock."""
    now = context.get("now") or timezone.now()
    return describe_age(at - now, short=short)


def describe_age(distance: timedelta, *, short: bool) -> str:
    """The distance of an instant from now in its largest whole unit; negative is the past."""
    seconds = int(abs(distance.total_seconds()))
    if seconds < 10:
        return "now" if short else "just now"
    text = _largest_unit(seconds)
    if short:
        return text
    return f"in {text}" if distance > timedelta(0) else f"{text} ago"


def _largest_unit(seconds: int) -> str:
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min"
    if seconds < 2 * _DAY:
        return f"{seconds // _HOUR} h"
    if seconds < 60 * _DAY:
        return f"{seconds // _DAY} d"
    if seconds < 730 * _DAY:
        return f"{seconds // (30 * _DAY)} mo"
    return f"{seconds // (365 * _DAY)} y"


@register.filter
def duration(value: timedelta | None) -> str:
    """`0.4 s`, `42 s`, `1 m 12 s`, `3 h 5 m`, `2 d 4 h`; nothing for None."""
    if value is None:
        return ""
    total = value.total_seconds()
    if 0 < total < 1:
        return f"{max(total, 0.1):.1f} s"
    seconds = int(total)
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return _two_units(seconds, _MINUTE, "m", 1, "s")
    if seconds < _DAY:
        return _two_units(seconds, _HOUR, "h", _MINUTE, "m")
    return _two_units(seconds, _DAY, "d", _HOUR, "h")


def _two_units(seconds: int, large: int, large_unit: str, small: int, small_unit: str) -> str:
    rest = seconds % large // small
    return f"{seconds // large} {large_unit}" + (f" {rest} {small_unit}" if rest else "")


@register.filter
def short_sha(value: str | None) -> str:
    """Seven characters of a commit id or of a digest without its `sha256:`."""
    return (value or "").rpartition(":")[2][:7]


@register.filter
def short_version(value: str | None) -> str:
    """Seven characters of a 40 or 64 digit hash or a digest; any other version as it is."""
    text = value or ""
    bare = text.removeprefix("sha256:")
    is_hash = len(bare) in (40, 64) and all(digit in "0123456789abcdef" for digit in bare)
    return bare[:7] if is_hash else text


@register.filter
def short_repo(url: str | None) -> str:
    """The last part of a repository URL: `https://x/y/guestbook.git` is `guestbook`."""
    return (url or "").rstrip("/").removesuffix(".git").replace(":", "/").rpartition("/")[2]


@register.filter
def elide_middle(value: str | None, length: int) -> str:
    """A text of at most `length` characters that keeps both its ends."""
    text = value or ""
    if len(text) <= length:
        return text
    tail = (length - 1) // 2
    return f"{text[: length - 1 - tail]}…{text[len(text) - tail :]}"


@register.filter
def initials(name: object) -> str:
    """One or two capitals for a person: `Kim Ito` is `KI`, `anna` is `A`."""
    words = str(name).replace(".", " ").replace("-", " ").replace("_", " ").split()
    if not words:
        return "?"
    letters = words[0][0] + (words[-1][0] if len(words) > 1 else "")
    return letters.upper()
