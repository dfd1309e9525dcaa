"""Near misses: of the versions that a rule left out, those that came closest to passing. Pure."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from freight.selection.versions import SemVer, parse_version

SHOWN = 3
_NUMBERS = re.compile(r"\d+(?:\.\d+){0,2}")
# Rules in the order they are asked; what failed at a later one had passed those before. Beginnings of reasons.
_EARLY = ("matches ignoreTagsRegexes", "matches none of allowTagsRegexes")
_PARSING = ("not a semantic version", "not a strict semantic version", "starts with v")
_CONSTRAINT = ("outside constraint", "a prerelease, and constraint")

Miss = tuple[str, str]


def find_near_misses(rules: Mapping[str, Any], ignored: Iterable[Miss], *, count: int = SHOWN) -> tuple[Miss, ...]:
    """The nearest first: those that failed at the latest rule; among versions by their distance to the constraint."""
    wanted = str(rules.get("semverConstraint") or rules.get("constraint") or "")
    anchors = [version for text in _NUMBERS.findall(wanted) if (version := parse_version(text)) is not None]
    # Sorting keeps the order of equals: what came first was thought more interesting.
    ranked = sorted(ignored, key=lambda miss: (-_depth(miss[1]), *_distance(miss[0], anchors)))
    return tuple(ranked[:count])


def _depth(reason: str) -> int:
    for depth, beginnings in enumerate((_EARLY, _PARSING, _CONSTRAINT)):
        if reason.startswith(beginnings):
            return depth
    return 3


def _distance(name: str, anchors: list[SemVer]) -> tuple[int, int, int, bool]:
    """To the nearest version named in the constraint; what is no version is farthest."""
    version = parse_version(name)
    if version is None or not anchors:
        return (2**64, 0, 0, False)
    return min((*_steps(version, anchor), bool(version.prerelease)) for anchor in anchors)


def _steps(version: SemVer, anchor: SemVer) -> tuple[int, int, int]:
    """Behind the first part that differs, a high number is near when coming from below, a low one from above."""
    own, other = (version.major, version.minor, version.patch), (anchor.major, anchor.minor, anchor.patch)
    sign = 0
    steps = []
    for mine, wanted in zip(own, other, strict=True):
        steps.append(sign * mine if sign else abs(mine - wanted))
        sign = sign or (mine > wanted) - (mine < wanted)
    return steps[0], steps[1], steps[2]
