"""Kills a worker at and inside every step of the demo's promotions: `python -m benchmarks.kill --runs 50`.

Ends with exit code 1 unless every run ended right, no step was finished twice and no commit was made twice.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.figures import percentile
from tests.faults.killing import Ending, KillScene, choose_points


def kill(runs: int, *, seed: int, lease: str) -> bool:
    """Do the runs and print how they ended; True when all did right."""
    long = runs * 3 // 5  # prod-west has twice the steps of dev
    points = choose_points("prod-west", long, seed=seed) + choose_points("dev", runs - long, seed=seed + 1)
    endings: list[Ending] = []
    with (
        tempfile.TemporaryDirectory(prefix="kargoweb-") as directory,
        KillScene(Path(directory), lease) as scene,
    ):
        for point in points:
            endings.append(scene.run(point))
            _tell(endings[-1])
    right = sum(not ending.problems for ending in endings)
    twice = sum(len(ending.twice) for ending in endings)
    extra = sum(ending.extra_commits for ending in endings)
    recoveries = [e.recovery_seconds for e in endings if e.recovery_seconds is not None]
    print(f"right ends: {right}/{runs}  steps finished twice: {twice}  duplicate commits: {extra}")
    print(f"recovery with a lease of {lease}: p50 {percentile(recoveries, 0.5):.2f} s, max {max(recoveries):.2f} s")
    return right == runs and not twice and not extra


def _tell(ending: Ending) -> None:
    recovery = "over already" if ending.recovery_seconds is None else f"went on after {ending.recovery_seconds:.2f} s"
    hit = f"interrupted {ending.interrupted}" if ending.interrupted else "between steps"
    print(f"{ending.point!s:44} {hit:38} {recovery}", *ending.problems, sep="\n    ! ", flush=True)


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kill", description=__doc__)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--lease", default="2s", help="KARGOWEB_LEASE of the workers")
    given = parser.parse_args()
    return 0 if kill(given.runs, seed=given.seed, lease=given.lease) else 1


if __name__ == "__main__":
    sys.exit(main())
