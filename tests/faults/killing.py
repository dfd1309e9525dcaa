"""Kills workers in the middle of promotions and says what is wrong afterwards.

One installation with two workers. A run promotes, kills the worker that has the promotion at a chosen point,
starts another one, and compares the end with what an undisturbed promotion of the same freight made.
"""

import random
import subprocess
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.servers.installation import Installation

# Branches that a promotion of the stage writes, in the order of its steps.
BRANCHES = {"dev": ("env/dev",), "prod-west": ("env/prod-west-canary", "env/prod-west")}
_ENDED = ["Succeeded", "Skipped", "Failed", "Errored", "Aborted"]
_LONGEST_SECONDS = 60.0


@dataclass(frozen=True)
class Point:
    """Where to kill: as soon as the step is over, or `delay_seconds` after it began."""

    stage: str
    step: int
    is_inside: bool
    delay_seconds: float

    def __str__(self) -> str:
        where = f"{self.delay_seconds * 1000:.0f} ms into" if self.is_inside else "after"
        return f"{self.stage}, {where} step {self.step + 1}"


@dataclass(frozen=True)
class Ending:
    """How a run ended. `recovery_seconds`: from the kill to the next sign of progress; None when it was over."""

    point: Point
    interrupted: str
    recovery_seconds: float | None
    twice: tuple[str, ...]
    extra_commits: int
    problems: tuple[str, ...]


@dataclass
class KillScene:
    """An installation that is ready for kills."""

    directory: Path
    lease: str
    workers: list["subprocess.Popen[str]"] = field(default_factory=list)
    # {(branch, freight): tree}: what an undisturbed promotion makes.
    trees: dict[tuple[str, str], str] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)

    def __enter__(self) -> "KillScene":
        self.site = Installation(self.directory, lease=self.lease).__enter__()
        try:
            self._prepare()
        except BaseException:
            self.site.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.site.__exit__()

    def run(self, point: Point) -> Ending:
        """Promote and kill once."""
        site, branches = self.site, BRANCHES[point.stage]
        freight = next(name for name in self.freight if name != self.held.get(point.stage))
        before = {branch: site.git("rev-parse", branch) for branch in branches}
        for worker in self.workers:
            site.wait_until_ready(worker)
        promotion = site.ask("promote", point.stage, freight)
        statuses = ["Running", *_ENDED] if point.is_inside else _ENDED
        owner = site.ask("wait_for_step", promotion, point.step, statuses, _LONGEST_SECONDS)
        if point.is_inside:
            time.sleep(point.delay_seconds)
        killed_at = self._kill(owner)
        at_death = site.ask("look", promotion)
        recovery = None
        if not at_death["is_recorded"]:
            site.ask("wait_for_progress", promotion, at_death["version"], at_death["lines"], _LONGEST_SECONDS)
            recovery = time.monotonic() - killed_at
        site.ask("wait_for_end", promotion, _LONGEST_SECONDS)
        self.held[point.stage] = freight
        end = site.ask("look", promotion)
        commits = {b: int(site.git("rev-list", "--count", f"{before[b]}..{b}")) for b in branches}
        running = [step["alias"] for step in at_death["steps"] if step["status"] == "Running"]
        return Ending(
            point=point,
            interrupted=running[0] if running else "",
            recovery_seconds=recovery,
            twice=tuple(alias for alias, count in count_ends(end).items() if count > 1),
            extra_commits=sum(max(0, count - 1) for count in commits.values()),
            problems=(
                *check_record(end, interrupted=running),
                *(f"{count} new commits on {b}, expected 1" for b, count in commits.items() if count != 1),
                *self._check_trees(branches, freight),
                *self._check_workspace(end),
            ),
        )

    def _prepare(self) -> None:
        site = self.site
        site.start("scheduler")
        self.workers = [site.start("worker"), site.start("worker")]
        first = site.ask("discover", "guestbook")
        self.freight = [first, site.ask("release")]
        for worker in self.workers:
            site.wait_until_ready(worker)
        for freight in self.freight:
            site.ask("approve", "prod-west", freight)
            for stage, branches in BRANCHES.items():
                end = site.ask("wait_for_end", site.ask("promote", stage, freight), _LONGEST_SECONDS)
                assert end["phase"] == "Succeeded", end
                self.held[stage] = freight
                self.trees |= {(b, freight): site.git("rev-parse", f"{b}^{{tree}}") for b in branches}
        assert len(set(self.trees.values())) == len(self.trees), "promotions must change something"

    def _kill(self, owner: str) -> float:
        """SIGKILL to the worker that has the promotion, and another one in its place."""
        pid = int(owner.split(":")[1])
        worker = next(worker for worker in self.workers if worker.pid == pid)
        killed_at = time.monotonic()
        self.site.kill(worker)
        self.workers.remove(worker)
        self.workers.append(self.site.start("worker"))
        return killed_at

    def _check_trees(self, branches: Sequence[str], freight: str) -> list[str]:
        return [
            f"{branch} does not hold what a promotion of this freight makes"
            for branch in branches
            if self.site.git("rev-parse", f"{branch}^{{tree}}") != self.trees[branch, freight]
        ]

    def _check_workspace(self, end: dict[str, Any]) -> list[str]:
        ulid = end["name"].split(".")[1]
        deadline = time.monotonic() + 10
        while left := list((self.site.data_dir / "work").glob(f"*-{ulid}")):
            if time.monotonic() > deadline:
                return [f"The work tree was left behind: {left[0].name}"]
            time.sleep(0.05)
        return []


def count_ends(end: dict[str, Any]) -> Counter[str]:
    """How often the log tells the end of each step that ran."""
    aliases = [step["alias"] for step in end["steps"]]
    verdicts = ("Succeeded", "Skipped: ", "Failed", "Errored")
    return Counter(aliases[index] for index, text in end["log"] if text.startswith(verdicts))


def check_record(end: dict[str, Any], *, interrupted: Sequence[str]) -> list[str]:
    """What is wrong with a promotion that should have succeeded, each step having ended once."""
    problems = [] if end["phase"] == "Succeeded" else [f"{end['phase']}: {end['message']}"]
    ends = count_ends(end)
    for step in end["steps"]:
        alias, tries = step["alias"], step["tries"]
        if step["status"] == "Succeeded" and ends[alias] != 1:
            problems.append(f"{alias}: the log tells {ends[alias]} ends, expected 1")
        if step["status"] not in ("Succeeded", "Skipped"):
            problems.append(f"{alias} is {step['status']}: {step['message']}")
        if tries > (2 if alias in interrupted else 1):
            problems.append(f"{alias} was tried {tries} times")
    expected = 1
    for first, last, count in end["batches"]:
        if first != expected or last != first + count - 1:
            problems.append(f"log lines {first} to {last} do not follow line {expected - 1}")
        expected = last + 1
    if expected - 1 != end["lines"]:
        problems.append(f"the log has {expected - 1} lines, the promotion counts {end['lines']}")
    return problems


def choose_points(stage: str, count: int, *, seed: int, longest_delay_seconds: float = 0.15) -> list[Point]:
    """Points through all steps of the stage, boundary and inside in turn."""
    chance = random.Random(seed)  # noqa: S311 (the same delays each time)
    steps = 10 * len(BRANCHES[stage])
    return [
        Point(stage, number // 2 % steps, number % 2 == 1, chance.uniform(0, longest_delay_seconds))
        for number in range(count)
    ]
