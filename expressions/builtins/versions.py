"""Semantic versions: `semverParse`, `semverDiff` and the methods of a version.

Source: Kargo docs, Expressions; Masterminds semver, NewVersion.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import zip_longest

from expressions.budget import Budget
from expressions.errors import ExpressionError
from expressions.values import OpaqueValue, Value, kind_of

_VERSION = re.compile(
    r"v?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?"
    r"(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
    r"(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
)
_MAX_LENGTH = 256


@dataclass(frozen=True, slots=True, eq=False)
class Version(OpaqueValue):
    major: int
    minor: int
    patch: int
    prerelease: str
    metadata: str
    original: str

    def __str__(self) -> str:
        text = f"{self.major}.{self.minor}.{self.patch}"
        if self.prerelease:
            text += f"-{self.prerelease}"
        return f"{text}+{self.metadata}" if self.metadata else text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and compare_versions(self, other) == 0

    def __hash__(self) -> int:
        return hash((self.major, self.minor, self.patch, self.prerelease))


def find_version(text: str) -> Version | None:
    """Read a version leniently: leading `v`, missing minor and patch; None if it is none."""
    found = _VERSION.fullmatch(text) if len(text) <= _MAX_LENGTH else None
    if not found:
        return None
    major, minor, patch, prerelease, metadata = found.groups()
    numbers = (int(major), int(minor or 0), int(patch or 0))
    leading_zero = any(part.isdigit() and len(part) > 1 and part[0] == "0" for part in (prerelease or "").split("."))
    if max(numbers) >= 2**64 or leading_zero:
        return None
    return Version(*numbers, prerelease or "", metadata or "", text)


def _text(value: Value, function: str) -> str:
    if not isinstance(value, str):
        raise ExpressionError(f"{function}() takes strings, not {kind_of(value)}")
    return value


def semver_parse(budget: Budget, text: Value) -> Version:
    version = find_version(_text(text, "semverParse"))
    if version is None:
        raise ExpressionError(f"{text!r} is no semantic version")
    return version


def semver_diff(budget: Budget, left: Value, right: Value) -> str:
    """Name the first part that differs; pre-release parts are not looked at."""
    one, other = find_version(_text(left, "semverDiff")), find_version(_text(right, "semverDiff"))
    if one is None or other is None:
        return "Incomparable"
    for name, first, second in (
        ("Major", one.major, other.major),
        ("Minor", one.minor, other.minor),
        ("Patch", one.patch, other.patch),
        ("Metadata", one.metadata, other.metadata),
    ):
        if first != second:
            return name
    return "None"


def compare_versions(one: Version, other: Version) -> int:
    """Return -1, 0 or 1 by semver precedence; metadata does not count."""
    numbers = ((one.major, one.minor, one.patch), (other.major, other.minor, other.patch))
    if numbers[0] != numbers[1]:
        return -1 if numbers[0] < numbers[1] else 1
    if one.prerelease == other.prerelease:
        return 0
    if not one.prerelease or not other.prerelease:
        return 1 if not one.prerelease else -1
    for left, right in zip_longest(one.prerelease.split("."), other.prerelease.split(".")):
        if left != right:
            return -1 if _identifier_key(left) < _identifier_key(right) else 1
    return 0


def _identifier_key(identifier: str | None) -> tuple[int, int, str]:
    """Missing before numbers before words."""
    if identifier is None:
        return 0, 0, ""
    if identifier.isdigit():
        return 1, int(identifier), ""
    return 2, 0, identifier


def _increase(version: Version, major: int, minor: int, patch: int) -> Version:
    return Version(
        major, minor, patch, "", "", f"{'v' if version.original.startswith('v') else ''}{major}.{minor}.{patch}"
    )


def _increase_patch(version: Version) -> Version:
    patch = version.patch if version.prerelease else version.patch + 1
    return _increase(version, version.major, version.minor, patch)


def _against(decide: Callable[[int], Value]) -> Callable[[Version, Value], Value]:
    def apply(version: Version, other: Value) -> Value:
        if not isinstance(other, Version):
            raise ExpressionError(f"a version can be compared with a version only, not {kind_of(other)}")
        return decide(compare_versions(version, other))

    return apply


VERSION_METHODS: dict[str, Callable[..., Value]] = {
    "Major": lambda version: version.major,
    "Minor": lambda version: version.minor,
    "Patch": lambda version: version.patch,
    "Prerelease": lambda version: version.prerelease,
    "Metadata": lambda version: version.metadata,
    "String": str,
    "Original": lambda version: version.original,
    "IncMajor": lambda version: _increase(version, version.major + 1, 0, 0),
    "IncMinor": lambda version: _increase(version, version.major, version.minor + 1, 0),
    "IncPatch": _increase_patch,
    "Compare": _against(lambda order: order),
    "Equal": _against(lambda order: order == 0),
    "LessThan": _against(lambda order: order < 0),
    "GreaterThan": _against(lambda order: order > 0),
}
