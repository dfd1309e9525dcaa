"""Kills workers inside steps of every kind and says what is wrong afterwards.

An undisturbed promotion tells what is right: how each step ends, what the services and the database hold then, and
how often each effect happened.
"""

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from tests.faults.killing import count_ends
from tests.servers.everything_site import EverythingSite

_LONGEST_SECONDS = 90.0
# The step has surely run when it may take so much longer than without us.
_UNSAVED_SECONDS = 0.3
# The answer that is held back after the step's deed: "METHOD /path", and how many such requests steps before it make.
ANSWERS = {
    "git-push": ("POST .*git-receive-pack", 0),
    "git-push-tag": ("POST .*git-receive-pack", 1),
    "github-push": ("POST .*/git/refs$", 0),
    "git-open-pr": ("POST .*/pulls$", 0),
    "git-merge-pr": ("PUT .*/merge$", 0),
    "argocd-update": ("POST .*/sync$", 0),
    "oci-push": ("PUT .*/manifests/", 0),
    "http": ("PUT /hook", 0),
    "send-message": ("POST .*/chat.postMessage", 0),
    "gh-create-issue": ("POST .*/issues$", 0),
    "gh-issue-add-comment": ("POST .*/comments$", 0),
    "gha-dispatch-workflow": ("POST .*/dispatches$", 0),
    "jira": ("POST .*/issue$", 0),
    "jira-comment": ("POST .*/comment$", 0),
}
_TRIES = 3
# These send again what nobody has acknowledged, and say so.
AT_LEAST_ONCE = {"http": "requests", "send-message": "messages"}
# They ask our database in the middle: kept from writing, they would stand still before their deed.
_PEOPLE = frozenset({"get-user-input", "wait-for-approval"})
_WRITES = _PEOPLE | {"git-push", "github-push", "record-audit-event", "set-metadata", "set-freight-alias"}
_WRITES |= {"gh-create-issue", "jira"}
# How often these look depends on when the other side is ready.
_POLLING = _PEOPLE | {"argocd-update", "argocd-wait", "git-merge-pr", "git-wait-for-pr", "gha-wait-for-workflow"}
_ONE_LOOK_SECONDS = 0.05


class Moment(StrEnum):
    """When the worker is killed."""

    INSIDE = "inside"
    UNSAVED = "done, not written down"
    ANSWERED = "done, answer held back"


@dataclass(frozen=True)
class Kill:
    """One kill; `part` of the step's usual time is waited for when it is killed inside."""

    alias: str
    moment: Moment
    part: float = 0.5

    def __str__(self) -> str:
        return f"{self.alias}, {self.moment}"


@dataclass(frozen=True)
class Ending:
    """How it ended. `was_hit`: the step had not ended when its worker died."""

    kill: Kill
    was_hit: bool
    recovery_seconds: float
    problems: tuple[str, ...]


@dataclass
class EveryStepScene:
    """The installation with two workers; knows what an undisturbed promotion does."""

    directory: Path
    lease: str = "2s"
    workers: dict[int, Any] = field(default_factory=dict)

    def __enter__(self) -> "EveryStepScene":
        self.host = EverythingSite(self.directory, lease=self.lease).__enter__()
        try:
            self._prepare()
        except BaseException:
            self.host.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.host.__exit__()

    @property
    def kinds(self) -> dict[str, str]:
        """{alias: kind} of all steps, in order."""
        return {step["alias"]: step["kind"] for step in self._model["steps"]}

    def run(self, kill: Kill) -> Ending:
        """Promote and kill; again when the step was quicker, unless something is wrong."""
        for _ in range(_TRIES):
            ending = self._run(kill)
            if ending.was_hit or ending.problems:
                break
        return ending

    def _run(self, kill: Kill) -> Ending:
        site = self.host.site
        for worker in self.workers.values():
            site.wait_until_ready(worker)
        index = list(self.kinds).index(kill.alias)
        promotion, killed_at = self._promote_and_kill(kill, index)
        if not killed_at:
            site.ask("hasten_to_end", promotion, _LONGEST_SECONDS)
            return Ending(kill, False, 0.0, ())
        at_death = site.ask("look", promotion)
        recovery = 0.0
        if not at_death["is_recorded"]:
            site.ask("wait_for_progress", promotion, at_death["version"], at_death["lines"], _LONGEST_SECONDS)
            recovery = time.monotonic() - killed_at
        site.ask("hasten_to_end", promotion, _LONGEST_SECONDS)
        end = site.ask("look", promotion)
        was_hit = at_death["steps"][index]["status"] == "Running"
        if end["phase"] != "Succeeded":
            return Ending(kill, was_hit, recovery, (f"{end['phase']}: {end['message']}",))
        problems = [
            *self._check_steps(at_death, end),
            *check_log(end),
            *self._check_effects(kill, promotion, end["name"]),
            *self._check_workspace(end),
        ]
        return Ending(kill, was_hit, recovery, tuple(problems))

    def _prepare(self) -> None:
        site = self.host.site
        site.start("scheduler")
        for _ in range(2):
            self._add_worker()
        for worker in self.workers.values():
            site.wait_until_ready(worker)
        # The first one makes branches; the second finds everything as all later ones do.
        for _ in range(2):
            promotion = self.host.promote()
            end = site.ask("hasten_to_end", promotion, _LONGEST_SECONDS)
            assert end["phase"] == "Succeeded", site.ask("look", promotion)
        self._model = site.ask("look", promotion)
        self._effects = self._read_effects(promotion, self._model["name"])

    def _add_worker(self) -> None:
        worker = self.host.site.start("worker")
        self.workers[worker.pid] = worker

    def _promote_and_kill(self, kill: Kill, index: int) -> tuple[int, float]:
        """SIGKILL at the chosen moment, and another worker in its place: (promotion, time of the kill; 0: missed)."""
        site, usual = self.host.site, self._usual_seconds(kill.alias)
        if kill.moment is Moment.ANSWERED:
            self.host.ask("arm", *ANSWERS[kill.alias])
        promotion = self.host.promote()
        if kill.moment is Moment.ANSWERED:
            self._wait_until_held(kill, promotion)
        pid = site.ask("catch", promotion, index, _LONGEST_SECONDS)["pid"]
        if not pid:
            return promotion, 0.0
        if kill.moment is Moment.UNSAVED:
            killed_at = site.ask("kill_unsaved", pid, 2 * usual + _UNSAVED_SECONDS)
        elif kill.moment is Moment.ANSWERED:
            killed_at = site.ask("kill", pid, 0)
            self.host.ask("open")
        else:
            killed_at = site.ask("kill", pid, kill.part * usual)
        site.kill(self.workers.pop(pid))
        self._add_worker()
        return promotion, float(killed_at)

    def _wait_until_held(self, kill: Kill, promotion: int) -> None:
        deadline = time.monotonic() + _LONGEST_SECONDS
        while not self.host.ask("wait_until_held", 0.1):
            self.host.site.ask("hasten", promotion)
            assert time.monotonic() < deadline, f"{kill.alias} asked for nothing"

    def _usual_seconds(self, alias: str) -> float:
        step = next(step for step in self._model["steps"] if step["alias"] == alias)
        return min(float(step["seconds"]), _ONE_LOOK_SECONDS if alias in _POLLING else _LONGEST_SECONDS)

    def _check_steps(self, at_death: dict[str, Any], end: dict[str, Any]) -> list[str]:
        problems = []
        for model, died, step in zip(self._model["steps"], at_death["steps"], end["steps"], strict=True):
            alias, tries, usual = step["alias"], step["tries"], model["tries"]
            if step["status"] != model["status"]:
                problems.append(f"{alias} is {step['status']}, not {model['status']}: {step['message']}")
            if died["status"] not in ("", "Running") and died != step:
                problems.append(f"{alias} had ended, and changed: {died} became {step}")
            if alias not in _POLLING and tries > usual + (died["status"] == "Running"):
                problems.append(f"{alias} was tried {tries} times, usual are {usual}")
        return problems

    def _check_effects(self, kill: Kill, promotion: int, name: str) -> list[str]:
        found, problems = self._read_effects(promotion, name), []
        for what, usual in self._effects.items():
            if what == AT_LEAST_ONCE.get(kill.alias):
                is_right = found[what] in (usual, usual + 1)
            else:
                is_right = found[what] == usual
            if not is_right:
                problems.append(f"{what}: {found[what]}, undisturbed {usual}")
        return problems

    def _read_effects(self, promotion: int, name: str) -> dict[str, Any]:
        ulid = name.split(".")[1]
        texts = {
            what: str(value).replace(name, "<promotion>").replace(ulid, "<ulid>")
            for what, value in self.host.site.ask("records", promotion).items()
        }
        return {**self.host.ask("facts", name), **texts}

    def _check_workspace(self, end: dict[str, Any]) -> list[str]:
        ulid = end["name"].split(".")[1]
        deadline = time.monotonic() + 10
        while left := list((self.host.site.data_dir / "work").glob(f"*-{ulid}")):
            if time.monotonic() > deadline:
                return [f"The work tree was left behind: {left[0].name}"]
            time.sleep(0.05)
        return []


def check_log(end: dict[str, Any]) -> list[str]:
    """Each step ended once, and no line is missing or double."""
    ends, problems = count_ends(end), []
    for step in end["steps"]:
        if step["status"] != "Skipped" and ends[step["alias"]] != 1:
            problems.append(f"{step['alias']}: the log tells {ends[step['alias']]} ends, expected 1")
    expected = 1
    for first, last, count in end["batches"]:
        if first != expected or last != first + count - 1:
            problems.append(f"log lines {first} to {last} do not follow line {expected - 1}")
        expected = last + 1
    if expected - 1 != end["lines"]:
        problems.append(f"the log has {expected - 1} lines, the promotion counts {end['lines']}")
    return problems


def choose_kills(kinds: Mapping[str, str], *, seed: int) -> list[Kill]:
    """Each kind at every moment it has; `kinds` by alias."""
    chance = random.Random(seed)  # noqa: S311 (the same parts each time)
    kills, seen = [], set()
    for alias, kind in kinds.items():
        if alias in ANSWERS:
            kills.append(Kill(alias, Moment.ANSWERED))
        elif kind in seen:
            continue
        seen.add(kind)
        kills.append(Kill(alias, Moment.INSIDE, chance.uniform(0, 1.1)))
        if alias not in _WRITES:
            kills.append(Kill(alias, Moment.UNSAVED))
    return kills
