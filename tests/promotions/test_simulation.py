"""Whatever people and dying workers do in whatever order: the promises of the engine hold.

`KARGOWEB_SCHEDULES` sets how many schedules are played, `KARGOWEB_FIRST_SEED` where they begin; the nightly run plays
10,000 (`make nightly`).
"""

import os
from collections import Counter

import pytest

from tests.promotions.simulation import Simulation

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.timeout(0)]

SCHEDULES = int(os.environ.get("KARGOWEB_SCHEDULES", "30"))
FIRST = int(os.environ.get("KARGOWEB_FIRST_SEED", "1"))


def test_random_schedules_keep_every_promise():
    problems: list[str] = []
    seen: Counter[str] = Counter()

    for seed in range(FIRST, FIRST + SCHEDULES):
        simulation = Simulation(seed)
        try:
            simulation.run(moves=30)
        finally:
            problems += [f"schedule {seed}: {problem}" for problem in simulation.problems]
            seen += simulation.seen
            simulation.clear()

    assert problems == []
    # Schedules in which nothing happens would prove nothing.
    assert seen["asked"] > SCHEDULES
    assert seen["killed"] > SCHEDULES / 2
    assert seen["retried"] > SCHEDULES / 20
