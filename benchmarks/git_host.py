"""A git host in a process of its own, so that it takes no time from the process that is measured.

`python -m benchmarks.git_host ROOT` prints its address and, for each line it reads, its counts as JSON.
"""

import json
import subprocess
import sys
from pathlib import Path

from integrations.loopback.git_repositories import GitRepositories
from integrations.loopback.git_server import GitServer


class GitHost:
    """Serves the repositories below `root`. Use as a context manager; `repositories` works on their files."""

    def __init__(self, root: Path) -> None:
        self.repositories = GitRepositories(root)
        self._root = root

    def __enter__(self) -> "GitHost":
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.git_host", str(self._root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self._base_url = self._process.stdout.readline().strip()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def url(self, name: str) -> str:
        """The clone URL of a repository."""
        return f"{self._base_url}/{name}.git"

    def counts(self) -> dict[str, int]:
        """How often it was asked, by kind: list, fetch, push."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        counts: dict[str, int] = json.loads(self._process.stdout.readline())
        return counts


def serve(root: Path) -> None:
    """Serve until standard input ends."""
    server = GitServer(root)
    server.start()
    print(server.base_url, flush=True)
    for _ in sys.stdin:
        counts: dict[str, int] = {}
        for (_repository, kind), count in server.requests.items():
            counts[kind] = counts.get(kind, 0) + count
        print(json.dumps(counts), flush=True)
    server.stop()


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
