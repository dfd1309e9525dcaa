"""Outside programs that render manifests, helm and kustomize: where they are, which version, and how they are run.

Each runs in a private home that is gone afterwards, locked into the directories it needs.
"""

import contextlib
import functools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from integrations.confinement import Room, confine
from integrations.errors import Aborted, IntegrationError, TimedOut
from integrations.processes import ProcessResult, run_process

DEFAULT_TIMEOUT = timedelta(minutes=10)
_VERSION_SECONDS = 10


class ProgramMissing(IntegrationError):
    """A program that a step needs is not on this machine."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}. {remedy[:1].upper()}{remedy[1:]}.", permanent=True)
        self.what = what
        self.remedy = remedy


class ProgramFailed(IntegrationError):
    """A program ran and could not do it; the message has its own words. What it was given is wrong, most often."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=False)


@dataclass(frozen=True, slots=True)
class Screen:
    """Where a program's messages go (`log(line)`), who may stop it, and when it has had its time."""

    log: Callable[[str], None] = field(default=lambda line: None)
    should_stop: Callable[[], bool] = field(default=lambda: False)
    timeout: timedelta = DEFAULT_TIMEOUT


def find_program(name: str, configured: str, *, setting: str, remedy: str) -> Path:
    """The program that the setting names, else the one on PATH or beside our Python. Raises ProgramMissing.

    `configured` is the value of `setting`; `remedy` says how to install it.
    """
    found = look_up(configured or name)
    if found is not None:
        return found
    if configured:
        raise ProgramMissing(f'{setting} names "{configured}", which is no program that runs here', remedy)
    raise ProgramMissing(f"{name} was not found on this worker", f"{remedy}, or let {setting} name the program")


def look_up(name: str) -> Path | None:
    """Absolute path of a program on PATH or beside our Python, where a virtual environment has its own."""
    found = shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))
    return Path(found).absolute() if found else None


def say_version(path: Path, *question: str) -> str:
    """What a program answers when it is asked for its version, in one line; asked once for each file."""
    try:
        return _ask_version(str(path), path.stat().st_mtime_ns, question)
    except (OSError, subprocess.TimeoutExpired):
        return "of unknown version"


@functools.lru_cache(maxsize=32)
def _ask_version(path: str, _changed_at: int, question: tuple[str, ...]) -> str:
    answer = subprocess.run(
        [path, *question],
        capture_output=True,
        text=True,
        timeout=_VERSION_SECONDS,
        check=False,
        env={"HOME": "/nonexistent", "PATH": os.defpath},
        stdin=subprocess.DEVNULL,
    )
    return " ".join(answer.stdout.split()) or "of unknown version"


@contextlib.contextmanager
def private_home(directory: Path) -> Iterator[Path]:
    """A directory for one run of a program, readable for us alone, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="home-", dir=directory) as name:
        yield Path(name)


def run_program(
    argv: Sequence[str],
    *,
    room: Room,
    cwd: Path,
    env: Mapping[str, str],
    screen: Screen,
    secrets: Sequence[str] = (),
) -> ProcessResult:
    """Run a program locked into `room`; its messages go to the screen, its output into the result.

    The caller looks at the exit code. Raises Aborted, TimedOut, IntegrationError (too much output).
    """
    name = Path(argv[0]).name
    try:
        return run_process(
            confine(argv, room),
            cwd=cwd,
            env=env,
            timeout=screen.timeout,
            on_line=lambda _, line: screen.log(line),
            should_stop=screen.should_stop,
            secrets=secrets,
            streamed=frozenset({"stderr"}),
        )
    except Aborted as error:
        raise Aborted(f"{name} was stopped on request") from error
    except TimedOut as error:
        raise TimedOut(f"{name} was stopped: it took longer than {screen.timeout}") from error
    except IntegrationError as error:
        raise IntegrationError(f"{name} was stopped: {error}", permanent=error.permanent) from error
