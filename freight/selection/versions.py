"""Semantic versions: parse them loosely or strictly, and order them.

Source: Masterminds/semver v3.5 `version.go` (behaviour, not code), as Kargo uses it.
"""

import functools
from dataclasses import dataclass

import re2

MAX_VERSION_LENGTH = 256
MAX_NUMBER = 2**64 - 1

_IDENTIFIERS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_EXTRAS = rf"(?:-({_IDENTIFIERS}))?(?:\+({_IDENTIFIERS}))?"
_LOOSE = re2.compile(rf"v?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?{_EXTRAS}")
_STRICT = re2.compile(rf"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*){_EXTRAS}")


@functools.total_ordering
@dataclass(frozen=True, eq=False)
class SemVer:
    """One version. Equality and order follow semver precedence, so build metadata does not count."""

    major: int
    minor: int
    patch: int
    prerelease: str
    build: str
    original: str

    @functools.cached_property
    def precedence(self) -> tuple[int, int, int, bool, tuple[tuple[int, int, str], ...]]:
        """A key that sorts as semver says: a release after its prereleases, numbers before text."""
        identifiers = tuple(_identifier_key(part) for part in self.prerelease.split("."))
        return (
            self.major,
            self.minor,
            self.patch,
            not self.prerelease,
            identifiers if self.prerelease else (),
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SemVer) and self.precedence == other.precedence

    def __lt__(self, other: "SemVer") -> bool:
        return self.precedence < other.precedence

    def __hash__(self) -> int:
        return hash(self.precedence)


def parse_version(text: str, *, strict: bool = False) -> SemVer | None:
    """Read a version, or None if it is none.

    Strict asks for three parts without leading zeros, after one optional lower-case `v`; loose takes one to
    three parts and drops leading zeros. Both refuse numeric prerelease identifiers with a leading zero.
    """
    if len(text.encode()) > MAX_VERSION_LENGTH:
        return None
    match = _STRICT.fullmatch(text.removeprefix("v")) if strict else _LOOSE.fullmatch(text)
    if match is None:
        return None
    numbers = [int(match.group(part) or 0) for part in (1, 2, 3)]
    prerelease = match.group(4) or ""
    if max(numbers) > MAX_NUMBER or any(map(_has_leading_zero, prerelease.split("."))):
        return None
    return SemVer(
        numbers[0], numbers[1], numbers[2], prerelease=prerelease, build=match.group(5) or "", original=text
    )


def explain_unparsable(text: str, *, strict: bool) -> str:
    """Say why `parse_version` refused `text`, with the way out when there is one."""
    if strict and parse_version(text) is not None:
        return "not a strict semantic version (three numbers without leading zeros, as in 1.2.3)"
    return "not a semantic version"


def _has_leading_zero(identifier: str) -> bool:
    return len(identifier) > 1 and identifier[0] == "0" and identifier.isdigit()


def _identifier_key(identifier: str) -> tuple[int, int, str]:
    # Numbers beyond uint64 compare as text, because the Go library fails to parse them as numbers.
    if identifier.isdigit() and int(identifier) <= MAX_NUMBER:
        return (0, int(identifier), "")
    return (1, 0, identifier)
