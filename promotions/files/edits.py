"""What an edit of a document did. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """One value that was set; `before` and `after` are spelled as in the document, "" where nothing was."""

    key: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Edited:
    """A document after its edit; `changes` are in the order they were asked for."""

    data: bytes
    changes: tuple[Change, ...]
