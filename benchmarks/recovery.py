"""Seconds from the `kill -9` of a worker during a step to the next progress of its promotion."""

import sys
import tempfile
from pathlib import Path

from benchmarks.figures import percentile, report
from tests.faults.killing import KillScene, choose_points

_RUNS, _LEASE_SECONDS, _SLACK_SECONDS = 20, 2, 2


def main() -> int:
    """Kill at and inside every step of one use of the demo's task."""
    points = choose_points("dev", _RUNS, seed=11)
    lease = f"{_LEASE_SECONDS}s"
    with (
        tempfile.TemporaryDirectory(prefix="kargoweb-") as directory,
        KillScene(Path(directory), lease) as scene,
    ):
        endings = [scene.run(point) for point in points]
    problems = [problem for ending in endings for problem in ending.problems]
    seconds = [ending.recovery_seconds for ending in endings if ending.recovery_seconds is not None]
    note = f"{len(seconds)} kills, lease {lease}"
    report("recovery from kill -9, p50", percentile(seconds, 0.5), "s", note=note)
    budget = _LEASE_SECONDS + _SLACK_SECONDS
    kept = report("recovery from kill -9, longest", max(seconds), "s", budget=budget)
    return 0 if report("runs that ended wrong", len(problems), "", budget=0) and kept else 1


if __name__ == "__main__":
    sys.exit(main())
