"""`kargoweb up`: one command starts everything, one Ctrl-C ends everything."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).resolve().parents[2]
KARGOWEB = [sys.executable, "-m", "kargoweb.cli.main"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(*arguments, data_dir):
    environment = {"PATH": os.environ["PATH"], "HOME": str(data_dir), "KARGOWEB_DATA_DIR": str(data_dir)}
    return subprocess.Popen(
        [*KARGOWEB, "up", *arguments], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def wait_until(condition, *, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False


def answers(url):
    try:
        with urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except (URLError, OSError):
        return False


def list_processes(data_dir):
    """Process ids whose environment names the data directory."""
    found = set()
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and str(data_dir).encode() in (entry / "environ").read_bytes():
                found.add(int(entry.name))
        except OSError:
            continue
    return found


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=["Ctrl-C", "TERM", "KILL"])
def test_all_children_end_with_it(tmp_path, number):
    port = free_port()
    process = start("--demo", "--port", str(port), data_dir=tmp_path)
    try:
        assert wait_until(lambda: answers(f"http://127.0.0.1:{port}/readyz"))
        assert wait_until(lambda: len(list_processes(tmp_path)) >= 5)

        process.send_signal(number)

        assert wait_until(lambda: not list_processes(tmp_path), seconds=40)
        if number != signal.SIGKILL:
            assert process.wait(timeout=5) == 0
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "TERM"])
def test_it_can_be_stopped_while_it_prepares(tmp_path, number):
    process = start("--port", str(free_port()), data_dir=tmp_path)
    assert wait_until(lambda: (tmp_path / "secret.key").exists()), "preparing has begun"

    process.send_signal(number)
    output, _ = process.communicate(timeout=30)

    assert process.returncode == 0
    assert b"Traceback" not in output
    assert wait_until(lambda: not list_processes(tmp_path), seconds=10)


def test_a_demo_that_others_can_reach_is_warned_of(tmp_path):
    process = start("--demo", "--host", "0.0.0.0", "--port", str(free_port()), data_dir=tmp_path)  # noqa: S104
    warning = process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)

    assert b"everybody who reaches 0.0.0.0 can sign in" in warning


def test_a_port_in_use_is_named_before_anything_starts(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        output, _ = start("--port", str(port), data_dir=tmp_path).communicate(timeout=60)

    assert f"Cannot listen on 127.0.0.1:{port}".encode() in output
    assert not (tmp_path / "kargoweb.sqlite3").exists()
