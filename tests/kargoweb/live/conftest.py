"""A real server in a process of its own, on the database of the test, and a reader of event streams."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Event:
    name: str
    data: str
    id: str


@dataclass
class Server:
    """A running kargoweb."""

    url: str
    process: subprocess.Popen[bytes]
    environment: dict[str, str]

    def stream(self, path: str, user: User | None = None, **headers: str) -> Any:
        """Open a stream as this person: `with server.stream(...) as response`."""
        return httpx.stream("GET", self.url + path, headers=headers, cookies=cookies_of(user), timeout=20)

    def count_threads(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/task"))


def cookies_of(user: User | None) -> dict[str, str]:
    if user is None:
        return {}
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return {settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value}


def read_events(response: httpx.Response) -> Iterator[Event]:
    """The events of a stream as they come."""
    fields: dict[str, list[str]] = {}
    for line in response.iter_lines():
        if line:
            name, _, value = line.partition(":")
            fields.setdefault(name, []).append(value.removeprefix(" "))
            continue
        if "event" in fields:
            yield Event(fields["event"][0], "\n".join(fields["data"]), fields.get("id", [""])[0])
        fields = {}


def _environment() -> dict[str, str]:
    """What a process needs to see the rows of this test."""
    database = connection.settings_dict
    url = f"sqlite:///{database['NAME']}"
    if connection.vendor == "postgresql":
        url = f"postgres://{database['USER']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": settings.SETTINGS_MODULE,
        "KARGOWEB_TEST_DATA_DIR": str(settings.DATA_DIR),
        "TEST_DATABASE_URL": url,
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    }


def start_server() -> Server:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = _environment()
    uvicorn = [sys.executable, "-m", "uvicorn", "kargoweb.asgi:application", "--log-level", "warning"]
    process = subprocess.Popen(
        [*uvicorn, "--port", str(port), "--timeout-graceful-shutdown", "2"], cwd=ROOT, env=environment
    )
    server = Server(f"http://127.0.0.1:{port}", process, environment)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return server
        assert process.poll() is None, "the server ended while starting"
        time.sleep(0.05)
    raise AssertionError("the server did not start")


def stop_server(server: Server) -> float:
    """Stop it as a supervisor does; gives the seconds that took."""
    started_at = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(20)
    return time.monotonic() - started_at


@pytest.fixture(scope="module")
def _module_server(django_db_setup: None, django_db_blocker: Any) -> Iterator[Server]:
    with django_db_blocker.unblock():
        server = start_server()
    yield server
    stop_server(server)


@pytest.fixture
def server(_module_server: Server, transactional_db: None) -> Server:
    return _module_server


@pytest.fixture
def write_elsewhere(server: Server) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start a process that writes a log: `write_elsewhere(promotion, 500, "--end")`."""
    started: list[subprocess.Popen[bytes]] = []

    def start(promotion: Any, lines: int, *options: str) -> subprocess.Popen[bytes]:
        script = [sys.executable, str(Path(__file__).parent / "write_batches.py")]
        started.append(subprocess.Popen([*script, str(promotion.pk), str(lines), *options], env=server.environment))
        return started[-1]

    yield start
    for process in started:
        assert process.wait(30) == 0
