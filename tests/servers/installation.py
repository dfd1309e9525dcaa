"""An installation of its own for fault tests and benchmarks: the demo's data, real processes, own directory.

Everything is on loopback and ends with us, also when we are killed.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from integrations.process_guardian import forget, watch
from kargoweb.demo.environment import demo_dir
from kargoweb.supervisor import child_commands

ROOT = Path(__file__).resolve().parents[2]
_OURS = ("KARGOWEB_", "DATABASE_URL", "CELERY_", "TEST_DATABASE_URL", "DJANGO_", "PYTEST_")


class Installation:
    """Processes over one data directory. Use as a context manager: leaving stops them all."""

    def __init__(self, directory: Path, *, lease: str = "2s", settings: Mapping[str, str] | None = None) -> None:
        self.directory = directory
        self.data_dir = directory / "data"
        self.port = free_port()
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        self.environment = {
            **inherited,
            "DJANGO_SETTINGS_MODULE": "kargoweb.settings",
            "KARGOWEB_DATA_DIR": str(self.data_dir),
            "KARGOWEB_DEMO": "true",
            "KARGOWEB_ALLOW_PRIVATE_ADDRESSES": "true",
            "KARGOWEB_MIN_WAREHOUSE_INTERVAL": "30s",
            "KARGOWEB_LEASE": lease,
            "KARGOWEB_LOG_LEVEL": "INFO",
            "PYTHONUNBUFFERED": "1",
            **(settings or {}),
        }
        self._running: list[subprocess.Popen[str]] = []
        self._logs: dict[int, Path] = {}

    def __enter__(self) -> "Installation":
        self.directory.mkdir(parents=True, exist_ok=True)
        self.run("-m", "kargoweb.prepare", "--demo")
        self.start("demo")
        self.console = self._start("console", [sys.executable, "-m", "tests.servers.console"], has_pipes=True)
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._running:
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + 10
        for process in self._running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, deadline - time.monotonic()))
            self.kill(process)
            for pipe in filter(None, (process.stdin, process.stdout)):
                pipe.close()

    def run(self, *arguments: str) -> None:
        """Run a Python command to its end in the environment of the installation."""
        subprocess.run([sys.executable, *arguments], env=self.environment, cwd=ROOT, check=True)

    def start(self, name: str) -> "subprocess.Popen[str]":
        """Start a demo, web, worker or scheduler process as the supervisor does."""
        return self._start(name, child_commands(host="127.0.0.1", port=self.port, demo=True)[name])

    def start_all(self) -> "subprocess.Popen[str]":
        """Start `kargoweb up`: web, worker and scheduler, started again when they die."""
        return self._start("up", [sys.executable, "-m", "kargoweb.cli.main", "up", "--port", str(self.port)])

    def start_worker(self, *, seconds: float = 60) -> "subprocess.Popen[str]":
        """Start a worker and wait until it takes work."""
        worker = self.start("worker")
        self.wait_until_ready(worker, seconds=seconds)
        return worker

    def wait_until_ready(self, worker: "subprocess.Popen[str]", *, seconds: float = 60) -> None:
        """Until the worker has said that it takes work."""
        deadline = time.monotonic() + seconds
        while " ready." not in self.log(worker):
            if worker.poll() is not None or time.monotonic() > deadline:
                raise TimeoutError(f"The worker did not get ready:\n{self.log(worker)}")
            time.sleep(0.05)

    def wait_until_pages_answer(self, *, seconds: float = 60) -> None:
        """Until the web process can serve pages."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2):
                return
            time.sleep(0.1)
        raise TimeoutError(f"The pages did not answer within {seconds} s")

    def log(self, process: "subprocess.Popen[str]") -> str:
        """What the process has written."""
        return self._logs[process.pid].read_text()

    def kill(self, process: "subprocess.Popen[str]") -> None:
        """SIGKILL to this one process, as the kernel does when memory runs out."""
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        process.wait()
        forget(process.pid)

    def ask(self, call: str, *arguments: Any) -> Any:
        """One call of the console; see tests/servers/console.py. Raises RuntimeError with its error."""
        assert self.console.stdin is not None
        assert self.console.stdout is not None
        self.console.stdin.write(json.dumps({"call": call, "args": arguments}) + "\n")
        self.console.stdin.flush()
        line = self.console.stdout.readline()
        if not line:
            raise RuntimeError(f"The console has ended:\n{self.log(self.console)}")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["value"]

    def git(self, *arguments: str) -> str:
        """A git command in the demo's repository that stages are rendered to."""
        repository = demo_dir(self.data_dir) / "git" / "guestbook-config.git"
        command = ["git", "-c", f"safe.directory={repository}", "-C", str(repository), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def _start(self, name: str, argv: list[str], *, has_pipes: bool = False) -> "subprocess.Popen[str]":
        log = self.directory / f"{name}-{len(self._running)}.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                argv,
                env=self.environment,
                cwd=ROOT,
                text=True,
                start_new_session=True,
                stdin=subprocess.PIPE if has_pipes else subprocess.DEVNULL,
                stdout=subprocess.PIPE if has_pipes else output,
                stderr=output,
            )
        watch(process.pid)
        self._running.append(process)
        self._logs[process.pid] = log
        return process


@contextlib.contextmanager
def running_redis(directory: Path, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """A Redis server of our own that keeps nothing."""
    argv = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(directory)]
    server = subprocess.Popen(argv, start_new_session=True, stdout=subprocess.DEVNULL)
    watch(server.pid)
    try:
        deadline = time.monotonic() + 20
        while not is_listening(port):
            assert time.monotonic() < deadline, "Redis did not start"
            time.sleep(0.02)
        yield server
    finally:
        server.kill()
        server.wait()
        forget(server.pid)


def is_listening(port: int) -> bool:
    """Does somebody take connections on this port of the loopback address?"""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
