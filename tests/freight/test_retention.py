"""Which old freight may go, as far as age and number tell."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freight.retention import Aged, Policy, list_removable

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def rows(*days: int) -> list[Aged]:
    return [Aged(number, NOW - day * DAY) for number, day in enumerate(days)]


@pytest.mark.parametrize(
    ("keep", "in_stages", "removed"),
    [
        (0, [], []),
        (1, [], [3, 4]),
        (4, [], [4]),
        (5, [], []),
        (1, [2], [4]),
        (1, [0], [3, 4]),
        (1, [4], []),
    ],
)
def test_the_newest_and_what_is_newer_than_any_in_a_stage_stay(keep, in_stages, removed):
    policy = Policy(keep, 14 * DAY)

    assert list_removable(rows(1, 2, 10, 20, 30), in_stages, policy, now=NOW) == removed


@given(
    ages=st.lists(st.integers(0, 60), max_size=30).map(sorted),
    keep=st.integers(1, 10),
    days=st.integers(0, 40),
    used=st.sets(st.integers(0, 29), max_size=4),
)
def test_nothing_young_new_or_in_a_stage_goes(ages: list[int], keep: int, days: int, used: set[int]) -> None:
    listed = rows(*ages)

    removed = set(list_removable(listed, used, Policy(keep, days * DAY), now=NOW))

    assert not removed & used
    assert not removed & {row.pk for row in listed[:keep]}
    assert all(NOW - row.discovered_at >= days * DAY for row in listed if row.pk in removed)
    assert all(place > max((p for p in used if p < len(listed)), default=-1) for place in removed)
