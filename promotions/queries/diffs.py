"""A git diff as a page shows it: file by file, line by line, bounded. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

# Lines of one file, and of all files of one push, that a page draws; characters of one line.
MOST_LINES, MOST_LINES_IN_ALL, LONGEST_LINE = 2000, 5000, 1000
_OPEN_UP_TO = 120
_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@ ?(.*)")
_NOTES = (
    ("new file", "new file"),
    ("deleted file", "deleted"),
    ("new mode", "other mode"),
    ("rename to", "renamed"),
    ("copy to", "copied"),
)


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line. `sign` is +, -, a space, or @ for what is no line of the file; numbers are None where it has none."""

    old: int | None
    new: int | None
    sign: str
    text: str


@dataclass(frozen=True, slots=True)
class FileDiff:
    """One changed file. `added` is None for a binary one; `hidden`: lines that are not drawn."""

    path: str
    old_path: str
    added: int | None
    removed: int | None
    notes: tuple[str, ...]
    lines: tuple[DiffLine, ...]
    hidden: int
    is_open: bool

    @property
    def is_binary(self) -> bool:
        """True when there are no lines to show."""
        return self.added is None


def read_diff(diff: str, files: Sequence[dict[str, Any]]) -> list[FileDiff]:
    """Join the text of a diff, which may be cut, with its files: [{"path", "old_path", "added", "removed"}].

    Git lists both in the same order.
    """
    sections = _split(diff)
    room, opened = MOST_LINES_IN_ALL, 0
    read: list[FileDiff] = []
    for index, file in enumerate(files):
        head, body = sections[index] if index < len(sections) else ([], [])
        lines = _number(body)
        shown = lines[: min(MOST_LINES, room)]
        room -= len(shown)
        counted = (file["added"] or 0) + (file["removed"] or 0)
        is_open = opened + counted <= _OPEN_UP_TO
        opened += counted if is_open else 0
        cut_off = counted if not body and file["added"] is not None else 0
        read.append(
            FileDiff(
                path=file["path"],
                old_path=file["old_path"],
                added=file["added"],
                removed=file["removed"],
                notes=tuple(_list_notes(head)),
                lines=tuple(shown),
                hidden=len(lines) - len(shown) or cut_off,
                is_open=is_open,
            )
        )
    return read


def _split(diff: str) -> list[tuple[list[str], list[str]]]:
    """Head and body of each file. A line of a body begins with a sign, so no file can pretend to be two."""
    sections: list[tuple[list[str], list[str]]] = []
    for line in diff.removesuffix("\n").split("\n") if diff else ():
        if line.startswith("diff --git "):
            sections.append(([], []))
        elif sections:
            head, body = sections[-1]
            (body if body or line.startswith("@@") else head).append(line)
    return sections


def _list_notes(head: Iterable[str]) -> Iterable[str]:
    for line in head:
        for start, note in _NOTES:
            if line.startswith(start):
                yield f"mode {line.split()[-1]}" if start == "new mode" else note


def _number(body: Iterable[str]) -> list[DiffLine]:
    lines: list[DiffLine] = []
    old = new = 0
    for line in body:
        sign, text = line[:1], line[1:]
        if hunk := _HUNK.fullmatch(line):
            old, new = int(hunk[1]), int(hunk[2])
            if lines or hunk[3]:
                lines.append(DiffLine(None, None, "@", _short(hunk[3]) or "…"))
            continue
        if sign == "\\":
            lines.append(DiffLine(None, None, "@", text.strip()))
            continue
        lines.append(DiffLine(None if sign == "+" else old, None if sign == "-" else new, sign, _short(text)))
        old += sign != "+"
        new += sign != "-"
    return lines


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_LINE else f"{text[:LONGEST_LINE]} … ({len(text) - LONGEST_LINE} more)"
