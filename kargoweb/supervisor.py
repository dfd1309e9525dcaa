"""Runs the processes of one machine as children: migrates first, restarts what dies, stops all of them together.

Children live in sessions of their own, so a Ctrl-C reaches them only through us, once and in order.
"""

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from types import FrameType

from integrations.process_guardian import forget, watch

logging.basicConfig(format="%(asctime)s %(levelname)-7s %(name)s  %(message)s", datefmt="%H:%M:%S")
logger = logging.getLogger(__name__)

_GRACE_SECONDS = 25  # for running steps to end at a boundary
_STEADY_SECONDS = 30  # a child that ran this long has recovered
_LONGEST_PAUSE_SECONDS = 30


@dataclass
class Child:
    """One process that has to run."""

    name: str
    argv: list[str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    failures: int = 0
    start_again_at: float = field(default=0.0)

    def start(self) -> None:
        """Start it in a session of its own; it dies with us even if we are killed outright."""
        self.process = subprocess.Popen(self.argv, start_new_session=True, stdin=subprocess.DEVNULL)
        watch(self.process.pid)
        self.started_at = time.monotonic()

    def look(self) -> None:
        """Start it again if it died, later each time it dies young."""
        if self.process is None:
            if time.monotonic() >= self.start_again_at:
                self.start()
            return
        if self.process.poll() is None:
            return
        forget(self.process.pid)
        lived = time.monotonic() - self.started_at
        self.failures = 0 if lived > _STEADY_SECONDS else self.failures + 1
        pause = min(2**self.failures - 1, _LONGEST_PAUSE_SECONDS)
        logger.error("%s ended with code %s, starts again in %s s", self.name, self.process.returncode, pause)
        self.process, self.start_again_at = None, time.monotonic() + pause

    def signal(self, number: int) -> None:
        """Send a signal to it and everything it started."""
        if self.process is not None and self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)


def supervise(*, host: str, port: int, demo: bool) -> int:
    """Run until SIGTERM or SIGINT; gives the exit code."""
    if message := _port_problem(host, port):
        sys.stderr.write(f"{message}\n")
        return 1
    stop = threading.Event()

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    code = _prepare(stop, demo=demo)
    if code != 0 or stop.is_set():
        return code
    children = [Child(name, argv) for name, argv in child_commands(host=host, port=port, demo=demo).items()]
    if demo:
        from kargoweb.demo.environment import announce_demo

        threading.Thread(target=announce_demo, args=(host, port, stop), daemon=True).start()
    else:
        sys.stdout.write(f"kargoweb is starting on http://{host}:{port}\n")
        sys.stdout.flush()
    while not stop.is_set():
        for child in children:
            child.look()
        stop.wait(0.3)
    _stop(children)
    return 0


def _prepare(stop: threading.Event, *, demo: bool) -> int:
    """Migrate and the like; gives the exit code, 0 also when we were asked to stop meanwhile."""
    argv = [sys.executable, "-m", "kargoweb.prepare", *(["--demo"] if demo else [])]
    process = subprocess.Popen(argv, start_new_session=True, stdin=subprocess.DEVNULL)
    watch(process.pid)
    while process.poll() is None:
        if stop.wait(0.05):
            process.terminate()
            break
    code = process.wait()
    forget(process.pid)
    return 0 if stop.is_set() else code


def child_commands(*, host: str, port: int, demo: bool) -> dict[str, list[str]]:
    """What runs on one machine: {name: argv}."""
    python = sys.executable
    celery = [python, "-m", "celery", "--app", "kargoweb", "--quiet"]
    commands = {
        "web": [
            *(python, "-m", "uvicorn", "kargoweb.asgi:application"),
            *(
                "--host",
                host,
                "--port",
                str(port),
                "--log-level",
                "warning",
                "--timeout-graceful-shutdown",
                "2",
            ),
        ],
        "worker": [
            *(*celery, "worker", "--pool", "threads", "--loglevel", os.environ.get("KARGOWEB_LOG_LEVEL", "INFO")),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        ],
        # The schedule is in memory: a tick that was missed is worth nothing later.
        "scheduler": [*celery, "beat", "--scheduler", "celery.beat.Scheduler", "--loglevel", "WARNING"],
    }
    if demo:
        commands = {"demo": [python, "-m", "kargoweb.demo"], **commands}
    return commands


def _port_problem(host: str, port: int) -> str:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return f"Cannot listen on {host}:{port}: {error.strerror}. Choose another: --port, or make demo PORT=..."
    return ""


def _stop(children: list[Child]) -> None:
    """Ask all, wait, then kill what is left."""
    for child in children:
        if child.process is not None and child.process.poll() is None:
            child.process.terminate()
    deadline = time.monotonic() + _GRACE_SECONDS
    for child in children:
        if child.process is None:
            continue
        try:
            child.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            logger.warning("%s did not stop in time and is killed", child.name)
        child.signal(signal.SIGKILL)
