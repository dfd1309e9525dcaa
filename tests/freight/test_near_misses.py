"""Near misses: which of the ignored versions came closest."""

import pytest

from freight.near_misses import find_near_misses

OUTSIDE, UNREADABLE, FILTERED = (
    'outside constraint "^1.4"',
    "not a semantic version",
    "matches none of allowTagsRegexes",
)


@pytest.mark.parametrize(
    ("constraint", "versions", "nearest"),
    [
        ("^1.4", ["1.3.1", "1.3.9", "1.2.0", "2.0.0"], ["1.3.9", "1.3.1", "1.2.0"]),
        ("<1.0", ["3.0.0", "1.5.0", "1.0.0", "1.2.0"], ["1.0.0", "1.2.0", "1.5.0"]),
        ("^2.0.0", ["1.9.0", "3.0.0-rc.1", "3.0.0", "1.0.0"], ["1.9.0", "3.0.0", "1.0.0"]),
        (">=2 <3 || ^9", ["8.9.9", "0.1.0", "1.9.9"], ["8.9.9", "1.9.9", "0.1.0"]),
    ],
)
def test_the_nearest_versions_come_first(constraint, versions, nearest):
    found = find_near_misses({"constraint": constraint}, [(version, OUTSIDE) for version in versions])

    assert [version for version, _ in found] == nearest


def test_what_failed_at_a_later_rule_is_nearer():
    ignored = [("x", FILTERED), ("latest", UNREADABLE), ("1.3.0", OUTSIDE), ("1.4.0", "not built for linux/arm64")]

    found = find_near_misses({"semverConstraint": "^1.4"}, ignored, count=4)

    assert [version for version, _ in found] == ["1.4.0", "1.3.0", "latest", "x"]


def test_without_a_constraint_the_order_stays():
    assert find_near_misses({}, [("b", UNREADABLE), ("a", UNREADABLE)]) == (("b", UNREADABLE), ("a", UNREADABLE))
