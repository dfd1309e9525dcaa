"""The choice on the page that assembles freight: `pick-<place of the subscription>=<version id>`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

_PICK = re.compile(r"pick-(\d{1,3})")
_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class AssembleChoice:
    """What was chosen. `origin` is the freight it began as a copy of, `text` the filter."""

    picks: dict[int, str]
    text: str = ""
    origin: str = ""

    def as_query(self) -> str:
        """The choice in an address."""
        given = {"from": self.origin, "q": self.text} | {f"pick-{n}": value for n, value in self.picks.items()}
        return urlencode({key: value for key, value in given.items() if value})


def read_choice(data: Mapping[str, str]) -> AssembleChoice:
    """From an address or a form; what is malformed counts as not chosen."""
    picks = {
        int(match.group(1)): value[:_LONGEST]
        for key, value in data.items()
        if (match := _PICK.fullmatch(key)) and value
    }
    return AssembleChoice(picks, _clean(data.get("q", ""))[:200], _clean(data.get("from", ""))[:100])


def _clean(text: str) -> str:
    """PostgreSQL cannot be asked for a text with a NUL."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").strip()
