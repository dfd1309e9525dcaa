"""The one runner of commands: git, helm, kustomize and whatever else takes longer than a moment.

A command gets its own session, no shell, a scrubbed environment, and its output is handed on line by line.
It dies as a whole group when it is asked to stop, when its time is over, when the caller fails, and also
when this process is killed outright (see `process_guardian.py`).
"""

import contextlib
import os
import selectors
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO

from integrations import process_guardian
from integrations.errors import Aborted, IntegrationError, TimedOut
from integrations.process_output import LineSplitter, Tail, mask

STOP_GRACE = timedelta(seconds=3)
MAX_STDOUT_BYTES = 256 * 1024 * 1024
MAX_STDERR_BYTES = 64 * 1024

_CHUNK_BYTES = 64 * 1024
_POLL_SECONDS = 0.1
# A background child may hold our pipes open after the command itself has ended.
_DRAIN_SECONDS = 1.0
# Where nobody collects orphans their group never empties.
_GONE_SECONDS = 0.5
_PROXY_VARIABLES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")
_PASSED_ON = frozenset(
    {"PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE"}
    | {"GIT_SSL_CAINFO", "GIT_EXEC_PATH"}
    | set(_PROXY_VARIABLES)
    | {name.upper() for name in _PROXY_VARIABLES}
)

OnLine = Callable[[str, str], None]
ShouldStop = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class ProcessResult:
    """How a command ended: `stdout` whole and unmasked (it is parsed), `stderr` its masked last 64 KiB."""

    exit_code: int
    stdout: str
    stderr: str


def clean_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Build the environment of a command: a short allow-list of ours, then `extra`."""
    environment = {name: value for name, value in os.environ.items() if name in _PASSED_ON}
    return {**environment, **extra}


def run_process(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    timeout: timedelta | None,
    on_line: OnLine,
    should_stop: ShouldStop,
    secrets: Sequence[str] = (),
    stdin: bytes = b"",
    pass_fds: Sequence[int] = (),
    streamed: frozenset[str] = frozenset({"stdout", "stderr"}),
) -> ProcessResult:
    """Run a command to its end, whatever its exit code.

    `on_line(stream, line)` gets the masked lines of the `streamed` streams ("stdout", "stderr"); repainted
    progress lines come at most once a second. `env` is added to the clean environment. `should_stop` is asked
    about ten times a second.

    Raises Aborted (asked to stop), TimedOut, IntegrationError (no such command, too much output).
    """
    run = _Run(argv, timeout, on_line, should_stop, tuple(secrets), streamed)
    process_guardian.make_ready()
    try:
        process = subprocess.Popen(
            list(argv),
            cwd=cwd,
            env=clean_environment(env),
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            pass_fds=tuple(pass_fds),
        )
    except FileNotFoundError as error:
        what = f'directory "{cwd.name}"' if not cwd.is_dir() else f'command "{argv[0]}"'
        raise IntegrationError(f"Cannot run {run.title}: {what} was not found", permanent=True) from error
    with process:
        process_guardian.watch(process.pid)
        try:
            run.follow(process, stdin)
            exit_code = process.wait()
        except BaseException:
            kill_group(process)
            raise
        finally:
            process_guardian.forget(process.pid)
    return run.result(exit_code)


def kill_group(process: subprocess.Popen[bytes], grace: timedelta = STOP_GRACE) -> None:
    """End a command that leads its own session with everything it started: politely, then by force."""
    _signal_group(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(grace.total_seconds())
    _signal_group(process.pid, signal.SIGKILL)
    process.wait()
    # The kernel ends the others in its own time; what follows may delete the files they use.
    end = time.monotonic() + _GONE_SECONDS
    while time.monotonic() < end and _signal_group(process.pid, 0):
        time.sleep(0.01)


def _signal_group(group: int, number: int) -> bool:
    """Signal a process group; False when nobody is left in it."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):  # macOS: not permitted for a group of zombies
        return False
    return True


class _Run:
    """The bookkeeping of one command while it runs."""

    def __init__(
        self,
        argv: Sequence[str],
        timeout: timedelta | None,
        on_line: OnLine,
        should_stop: ShouldStop,
        secrets: tuple[str, ...],
        streamed: frozenset[str],
    ) -> None:
        self.title = mask(shlex.join(argv[:2]), secrets)
        self._timeout = timeout
        self._started = time.monotonic()
        self._should_stop = should_stop
        self._next_question = 0.0
        self._secrets = secrets
        self._stdout = Tail(MAX_STDOUT_BYTES)
        self._stderr = Tail(MAX_STDERR_BYTES)
        self._splitters = {
            name: LineSplitter(lambda line, name=name: on_line(name, line), secrets)  # type: ignore[misc]
            for name in sorted(streamed)
        }

    def follow(self, process: subprocess.Popen[bytes], stdin: bytes) -> None:
        """Move bytes until both output pipes are closed."""
        assert process.stdout is not None  # noqa: S101  (we asked for pipes)
        assert process.stderr is not None  # noqa: S101
        pending = memoryview(stdin)
        drain_until: float | None = None
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ, "stdout")
            selector.register(process.stderr, selectors.EVENT_READ, "stderr")
            if process.stdin is not None:
                os.set_blocking(process.stdin.fileno(), False)
                selector.register(process.stdin, selectors.EVENT_WRITE, "stdin")
            while selector.get_map():
                for key, _ in selector.select(_POLL_SECONDS):
                    pipe: IO[bytes] = key.fileobj  # type: ignore[assignment]
                    if key.data == "stdin":
                        pending = _feed(pipe, pending)
                        open_still = bool(pending)
                    else:
                        open_still = self._take(pipe, key.data)
                    if not open_still:
                        selector.unregister(pipe)
                        pipe.close()
                self._check_limits()
                if drain_until is None and process.poll() is not None:
                    drain_until = time.monotonic() + _DRAIN_SECONDS
                if drain_until is not None and time.monotonic() > drain_until:
                    _signal_group(process.pid, signal.SIGKILL)
                    break
        for splitter in self._splitters.values():
            splitter.finish()

    def result(self, exit_code: int) -> ProcessResult:
        return ProcessResult(exit_code, self._stdout.text(), mask(self._stderr.text(), self._secrets))

    def _take(self, pipe: IO[bytes], stream: str) -> bool:
        data = os.read(pipe.fileno(), _CHUNK_BYTES)
        (self._stdout if stream == "stdout" else self._stderr).add(data)
        if data and stream in self._splitters:
            self._splitters[stream].feed(data)
        return bool(data)

    def _check_limits(self) -> None:
        now = time.monotonic()
        if self._timeout is not None and now - self._started > self._timeout.total_seconds():
            raise TimedOut(f"{self.title} was stopped: it took longer than {self._timeout}")
        if self._stdout.is_cut:
            limit = MAX_STDOUT_BYTES // 1024**2
            raise IntegrationError(f"{self.title} was stopped: it wrote more than {limit} MiB", permanent=True)
        if now >= self._next_question:
            self._next_question = now + _POLL_SECONDS
            if self._should_stop():
                raise Aborted(f"{self.title} was stopped on request")


def _feed(pipe: IO[bytes], pending: memoryview) -> memoryview:
    try:
        return pending[os.write(pipe.fileno(), pending[:_CHUNK_BYTES]) :]
    except BlockingIOError:
        return pending
    except BrokenPipeError:
        return pending[:0]
