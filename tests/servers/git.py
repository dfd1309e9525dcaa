"""Real git over HTTP for tests: a server on a free port with its repositories in the test's directory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from integrations.loopback.git_server import GitServer


@pytest.fixture
def git_server(tmp_path: Path) -> Iterator[GitServer]:
    server = GitServer(tmp_path / "git-server")
    server.start()
    yield server
    server.stop()
