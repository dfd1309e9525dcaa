"""Stage codes: three letters that stand for a stage on cards and chips. Pure.

A code prefers first letters of words, then the beginning of the name: `prod-east` is `PEA`, `test` is `TES`.
"""

import re
from collections.abc import Collection, Iterator

_LENGTH = 3
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def choose_code(name: str, taken: Collection[str]) -> str:
    """The best code for the name that is not taken yet. Raises ValueError when all are."""
    for code in _candidates(name):
        if code not in taken:
            return code
    raise ValueError("every stage code of the project is taken")


def _candidates(name: str) -> Iterator[str]:
    """Codes from the most telling to any at all; the same name gives the same order."""
    words = [word for word in re.split(r"[^A-Z0-9]+", name.upper()) if word] or ["STAGE"]
    if len(words) >= _LENGTH:
        yield "".join(word[0] for word in words[:_LENGTH])
    if len(words) > 1:
        yield (words[0][0] + words[-1])[:_LENGTH].ljust(_LENGTH, "X")
    letters = "".join(words)
    yield letters[:_LENGTH].ljust(_LENGTH, "X")
    initials = "".join(word[0] for word in words)
    yield (initials + letters[1:])[:_LENGTH].ljust(_LENGTH, "X")
    first = letters[0]
    for second in dict.fromkeys(letters[1:] + _ALPHABET):
        for third in dict.fromkeys(letters[1:] + _ALPHABET):
            yield first + second + third
    for second in _ALPHABET:
        for third in _ALPHABET:
            for start in _ALPHABET:
                yield start + second + third
