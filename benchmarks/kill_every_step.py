"""Kills a worker inside steps of every kind: `python -m benchmarks.kill_every_step`.

Each step is killed at a random moment, after its deed and before that is written down, and, where another side
takes part, after that side has done its part and before it answers. `--only git-push,http` takes some steps only.
Ends with exit code 1 unless every run ended as an undisturbed promotion does.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.figures import percentile
from tests.faults.every_step import Ending, EveryStepScene, choose_kills


def kill_every_step(*, seed: int, lease: str, only: frozenset[str], moments: frozenset[str]) -> bool:
    """Do the runs and print how they ended; True when all did right."""
    endings: list[Ending] = []
    with (
        tempfile.TemporaryDirectory(prefix="kargoweb-") as directory,
        EveryStepScene(Path(directory), lease) as scene,
    ):
        kinds = {alias: kind for alias, kind in scene.kinds.items() if not only or only & {alias, kind}}
        for kill in choose_kills(kinds, seed=seed):
            if kill.moment.name.lower() not in moments:
                continue
            endings.append(scene.run(kill))
            _tell(endings[-1])
    right = sum(not ending.problems for ending in endings)
    hit = [ending for ending in endings if ending.was_hit]
    recoveries = [ending.recovery_seconds for ending in endings]
    print(f"right ends: {right}/{len(endings)}  kinds: {len(set(kinds.values()))}")
    print(f"killed before the step was on record: {len(hit)}  kinds: {len({kinds[e.kill.alias] for e in hit})}")
    print(f"recovery with a lease of {lease}: p50 {percentile(recoveries, 0.5):.2f} s, max {max(recoveries):.2f} s")
    return right == len(endings)


def _tell(ending: Ending) -> None:
    hit = "interrupted" if ending.was_hit else "was over"
    told = f"{ending.kill!s:52} {hit:12} went on after {ending.recovery_seconds:.2f} s"
    print(told, *ending.problems, sep="\n    ! ", flush=True)


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kill_every_step", description=__doc__)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--lease", default="2s", help="KARGOWEB_LEASE of the workers")
    parser.add_argument("--only", default="", help="kinds or aliases of steps, separated by commas")
    parser.add_argument("--moments", default="inside,unsaved,answered", help="when to kill, separated by commas")
    given = parser.parse_args()
    only, moments = frozenset(filter(None, given.only.split(","))), frozenset(given.moments.split(","))
    return 0 if kill_every_step(seed=given.seed, lease=given.lease, only=only, moments=moments) else 1


if __name__ == "__main__":
    sys.exit(main())
