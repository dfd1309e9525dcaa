"""A line of terminal output as HTML: 16 colours become classes, addresses become links, all else is escaped.

Cursor movements, titles and other control sequences are dropped; of a progress line only its last state is kept.
Pure, and linear in the length of the line, whatever the line holds.
"""

import re
from dataclasses import dataclass, replace

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

_NAMES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
# A colour sequence, or any other escape sequence (complete, cut off or lone), or the end of a progress state.
_SEQUENCE = re.compile(
    r"\x1b\[(?P<colours>[0-9;:]{0,64})m"
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)"
    r"|\x1b[ -/]*[0-~]?"
)
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# Marks that turn the direction of text: a line could read differently from what it says.
_TURNING = {
    code: f"\\u{code:04x}" for code in (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
}
_ADDRESS = re.compile(r"https?://[^\s<>\"'`\\^{}|]+")
_NOT_AT_THE_END = ".,;:!?)]}"
_LEVELS = (0, 95, 135, 175, 215, 255)


@dataclass(frozen=True, slots=True)
class _Style:
    colour: str = ""
    bold: bool = False
    faint: bool = False
    italic: bool = False
    underline: bool = False

    @property
    def classes(self) -> str:
        names = [name for name in ("bold", "faint", "italic", "underline") if getattr(self, name)]
        return " ".join(f"ansi-{name}" for name in [*names, self.colour] if name)


_PLAIN = _Style()


def line_to_html(text: str) -> SafeString:
    """The line as HTML that is safe to show; styles end with the line."""
    text = text.rstrip("\r").rpartition("\r")[2]
    parts: list[str] = []
    style, start = _PLAIN, 0
    for match in _SEQUENCE.finditer(text):
        _add(parts, text[start : match.start()], style)
        start = match.end()
        if match["colours"] is not None:
            style = _apply(style, match["colours"])
    _add(parts, text[start:], style)
    return mark_safe("".join(parts))  # noqa: S308 (every part was escaped)


def plain_text(text: str) -> str:
    """The line without control sequences, for the download."""
    text = text.rstrip("\r").rpartition("\r")[2]
    return _CONTROLS.sub("", _SEQUENCE.sub("", text))


def _add(parts: list[str], text: str, style: _Style) -> None:
    text = _CONTROLS.sub("", text).translate(_TURNING)
    if not text:
        return
    html = _link(text)
    parts.append(format_html('<span class="{}">{}</span>', style.classes, html) if style.classes else html)


def _link(text: str) -> SafeString:
    parts, start = [], 0
    for match in _ADDRESS.finditer(text):
        url = match[0].rstrip(_NOT_AT_THE_END)
        parts.append(escape(text[start : match.start()]))
        parts.append(format_html('<a href="{}" rel="noopener noreferrer">{}</a>', url, url))
        start = match.start() + len(url)
    parts.append(escape(text[start:]))
    return mark_safe("".join(parts))  # noqa: S308 (every part was escaped)


def _apply(style: _Style, parameters: str) -> _Style:
    """The style after one colour sequence; numbers nobody knows change nothing."""
    codes = [int(part or 0) for part in parameters.replace(":", ";").split(";") if len(part) < 4]
    while codes:
        code = codes.pop(0)
        if code in (38, 48) and codes:
            colour = _take_wide_colour(codes)
            style = replace(style, colour=colour) if code == 38 else style
        else:
            style = _apply_one(style, code)
    return style


def _apply_one(style: _Style, code: int) -> _Style:
    if code == 0:
        return _PLAIN
    if code == 22:
        return replace(style, bold=False, faint=False)
    switches = {1: ("bold", True), 2: ("faint", True), 3: ("italic", True), 4: ("underline", True)}
    switches |= {23: ("italic", False), 24: ("underline", False)}
    if code in switches:
        name, value = switches[code]
        return replace(style, **{name: value})  # type: ignore[arg-type]
    if 30 <= code <= 37 or 90 <= code <= 97:
        return replace(style, colour=_NAMES[code % 10])
    return replace(style, colour="") if code == 39 else style


def _take_wide_colour(codes: list[int]) -> str:
    """Read `5;n` or `2;r;g;b` off the list; gives the nearest of our colours, empty for greys."""
    kind = codes.pop(0)
    if kind == 5 and codes:
        number = codes.pop(0)
        if number < 16:
            return _NAMES[number % 8]
        if number >= 232:
            return ""
        cube = number - 16
        return _nearest(_LEVELS[cube // 36 % 6], _LEVELS[cube // 6 % 6], _LEVELS[cube % 6])
    if kind == 2 and len(codes) >= 3:
        red, green, blue = codes[:3]
        del codes[:3]
        return _nearest(red, green, blue)
    return ""


def _nearest(red: int, green: int, blue: int) -> str:
    """The colour of the same hue; our own tokens see to the contrast."""
    strongest, weakest = max(red, green, blue), min(red, green, blue)
    if strongest - weakest < 40:
        return ""
    middle = (strongest + weakest) / 2
    return _NAMES[(red > middle) + 2 * (green > middle) + 4 * (blue > middle)]
