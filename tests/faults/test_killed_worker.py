"""Workers are killed in the middle of promotions; others go on, and nothing is done twice.

`python -m benchmarks.kill` does the same at every step.
"""

import pytest

from tests.faults.killing import KillScene, choose_points

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_a_promotion_whose_worker_is_killed_ends_right_and_does_nothing_twice(tmp_path):
    # Every step of one use of the task, half of them inside and half at the boundary after them.
    points = choose_points("dev", 20, seed=3)[::2][:5] + choose_points("dev", 20, seed=4)[11::2][:5]
    points += choose_points("prod-west", 40, seed=5)[14:16]

    with KillScene(tmp_path, lease="1s") as scene:
        endings = [scene.run(point) for point in points]

    assert [f"{ending.point}: {problem}" for ending in endings for problem in ending.problems] == []
    assert [ending.twice for ending in endings if ending.twice] == []
    assert sum(ending.extra_commits for ending in endings) == 0
    # A kill that always came too late would prove nothing.
    assert sum(ending.recovery_seconds is not None for ending in endings) >= len(endings) // 2
