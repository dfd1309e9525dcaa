"""The constraint language of semver subscriptions: `^1.2`, `>=1.0.0-0 <2 || 3.x`.

Source: Masterminds/semver v3.5 `constraints.go` (behaviour, not code), as Kargo uses it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import re2

from freight.selection.errors import InvalidConstraint
from freight.selection.versions import SemVer, parse_version

MAX_CONSTRAINT_LENGTH = 512
MAX_ALTERNATIVES = 32

_OPERATOR = r"=|!=|>|<|>=|=>|<=|=<|~|~>|\^"
# The pipe inside the classes is upstream's: `1|2` gets past this expression and fails as a version.
_PART = r"[0-9|xX*]+"
_IDENTIFIERS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_VERSION = rf"v?{_PART}(?:\.{_PART})?(?:\.{_PART})?(?:-{_IDENTIFIERS})?(?:\+{_IDENTIFIERS})?"
_COMPARATOR = re2.compile(rf"(|{_OPERATOR})\s*({_VERSION})")
_HYPHEN_RANGE = re2.compile(rf"\s*({_VERSION})\s+-\s+({_VERSION})\s*")
_GROUP = re2.compile(rf"\s*(?:|{_OPERATOR})\s*{_VERSION}\s*(?:(?:\s+|,\s*)(?:|{_OPERATOR})\s*{_VERSION}\s*)*")
_VERSION_PARTS = re2.compile(rf"v?({_PART})(?:\.({_PART}))?(?:\.({_PART}))?(-{_IDENTIFIERS})?(?:\+{_IDENTIFIERS})?")


@dataclass(frozen=True)
class Comparator:
    """One operator with its version. `given` counts the numeric parts before a wildcard: 3 means complete."""

    operator: str
    text: str
    version: SemVer
    given: int

    def admits(self, version: SemVer) -> bool:
        """Tell whether the numbers fit; prereleases are the group's question."""
        return _CHECKS[self.operator](version, self)

    def __str__(self) -> str:
        return f"{self.operator}{self.text}"


@dataclass(frozen=True)
class Constraint:
    """Alternatives (OR) of groups of comparators (AND)."""

    text: str
    groups: tuple[tuple[Comparator, ...], ...]

    def admits(self, version: SemVer) -> bool:
        return any(_failed_rule(group, version) is None for group in self.groups)

    def explain(self, version: SemVer) -> str:
        """Say why `version` is not admitted."""
        if version.prerelease and not any(_wants_prereleases(group) for group in self.groups):
            return f'a prerelease, and constraint "{self.text}" asks for releases only (add -0 to admit them)'
        return f'outside constraint "{self.text}"'


def parse_constraint(text: str) -> Constraint:
    """Parse a constraint; raises InvalidConstraint. An empty text is invalid: no constraint is None."""
    if len(text.encode()) > MAX_CONSTRAINT_LENGTH:
        raise InvalidConstraint(f"A constraint may have {MAX_CONSTRAINT_LENGTH} bytes; this one has more.")
    alternatives = _HYPHEN_RANGE.sub(r">= \1, <= \2 ", text).split("||")
    if len(alternatives) > MAX_ALTERNATIVES:
        raise InvalidConstraint(f'Constraint "{text}" has more than {MAX_ALTERNATIVES} alternatives (||).')
    return Constraint(text, tuple(_parse_group(alternative, text) for alternative in alternatives))


def _parse_group(group: str, whole: str) -> tuple[Comparator, ...]:
    if _GROUP.fullmatch(group) is None:
        raise _improper(whole, group)
    return tuple(_parse_comparator(match.group(1), match.group(2), whole) for match in _COMPARATOR.finditer(group))


def _parse_comparator(operator: str, text: str, whole: str) -> Comparator:
    match = _VERSION_PARTS.fullmatch(text)
    parts = [match.group(number) or "" for number in (1, 2, 3)]
    given = next((count for count, part in enumerate(parts) if part in ("", "x", "X", "*")), 3)
    numbers = ".".join([*parts[:given], *["0"] * (3 - given)])
    version = parse_version(numbers + (match.group(4) or ""))
    if version is None:
        raise _improper(whole, text)
    return Comparator(operator, text, version, given)


def _improper(whole: str, part: str) -> InvalidConstraint:
    where = "" if part.strip() == whole.strip() else f' (at "{part.strip()}")'
    return InvalidConstraint(
        f'"{whole}" is not a semver constraint{where}. Write for example ^1.2.0, ~1.2, ">=1.0.0 <2.0.0" or '
        '"1.x || 3.x": comparators are separated by a space or a comma, alternatives by ||.'
    )


def _failed_rule(group: tuple[Comparator, ...], version: SemVer) -> Comparator | None:
    """The first comparator that keeps `version` out, or None if the group admits it."""
    if version.prerelease and not _wants_prereleases(group):
        return group[0]
    return next((comparator for comparator in group if not comparator.admits(version)), None)


def _wants_prereleases(group: tuple[Comparator, ...]) -> bool:
    return any(comparator.version.prerelease for comparator in group)


def _equal(version: SemVer, rule: Comparator) -> bool:
    return version == rule.version if rule.given == 3 else _tilde(version, rule)


def _not_equal(version: SemVer, rule: Comparator) -> bool:
    bound = rule.version
    if rule.given in (1, 2) and (version.major, version.minor)[: rule.given] == _prefix(rule):
        # `!=1.2-rc.1` keeps out 1.2.x only with exactly that prerelease.
        any_prerelease = version.prerelease or bound.prerelease
        return rule.given == 2 and bool(any_prerelease) and version.prerelease != bound.prerelease
    return rule.given in (1, 2) or version != bound


def _greater(version: SemVer, rule: Comparator) -> bool:
    if rule.given in (1, 2):
        return (version.major, version.minor)[: rule.given] > _prefix(rule)
    return version > rule.version


def _less(version: SemVer, rule: Comparator) -> bool:
    return version < rule.version


def _greater_or_equal(version: SemVer, rule: Comparator) -> bool:
    return version >= rule.version


def _less_or_equal(version: SemVer, rule: Comparator) -> bool:
    if rule.given == 3:
        return version <= rule.version
    # A bare wildcard stands for 0.0 here, as upstream: `<=*` admits 0.0.x only.
    wanted = 1 if rule.given == 1 else 2
    return (version.major, version.minor)[:wanted] <= (rule.version.major, rule.version.minor)[:wanted]


def _tilde(version: SemVer, rule: Comparator) -> bool:
    bound = rule.version
    if version < bound:
        return False
    if rule.given in (0, 3) and (bound.major, bound.minor, bound.patch) == (0, 0, 0):
        return True
    if rule.given == 1:
        return version.major == bound.major
    return (version.major, version.minor) == (bound.major, bound.minor)


def _caret(version: SemVer, rule: Comparator) -> bool:
    bound = rule.version
    if version < bound or version.major != bound.major:
        return False
    if bound.major > 0 or rule.given == 1:
        return True
    if version.minor != bound.minor:
        return False
    return bound.minor > 0 or rule.given == 2 or version.patch == bound.patch


def _prefix(rule: Comparator) -> tuple[int, ...]:
    return (rule.version.major, rule.version.minor)[: rule.given]


_CHECKS: dict[str, Callable[[SemVer, Comparator], bool]] = {
    "": _equal,
    "=": _equal,
    "!=": _not_equal,
    ">": _greater,
    "<": _less,
    ">=": _greater_or_equal,
    "=>": _greater_or_equal,
    "<=": _less_or_equal,
    "=<": _less_or_equal,
    "~": _tilde,
    "~>": _tilde,
    "^": _caret,
}
