"""Debian's docker-registry on a loopback port, with one user: the real thing beside our in-process registry."""

import shutil
import socket
import subprocess
import time
from pathlib import Path

import httpx

from integrations.credentials import BasicAuth

ALICE = BasicAuth("alice", "s3cret-pass")
_CONFIG = """
version: 0.1
log: {{level: error}}
storage: {{filesystem: {{rootdirectory: {root}/data}}, delete: {{enabled: true}}}}
http: {{addr: "127.0.0.1:{port}", secret: test}}
auth: {{htpasswd: {{realm: test, path: {root}/htpasswd}}}}
"""


class DockerRegistry:
    """A running registry that keeps its content in `root`; `host` is host:port. Use it as a context manager."""

    def __init__(self, root: Path) -> None:
        entry = subprocess.run(
            [_program("htpasswd"), "-nbB", "-C", "4", ALICE.username, ALICE.password], check=True, capture_output=True
        ).stdout
        (root / "htpasswd").write_bytes(entry)
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        self.host = f"127.0.0.1:{port}"
        (root / "config.yml").write_text(_CONFIG.format(root=root, port=port))
        self._log = root / "log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [_program("docker-registry"), "serve", root / "config.yml"], stdout=log, stderr=log
            )

    def __enter__(self) -> "DockerRegistry":
        deadline = time.monotonic() + 20
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                httpx.get(f"http://{self.host}/v2/")
            except httpx.TransportError:
                time.sleep(0.05)
            else:
                return self
        self.__exit__()
        raise RuntimeError(f"docker-registry does not answer:\n{self._log.read_text()}")

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)


def _program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/bin:/usr/sbin")
    if found is None:
        raise RuntimeError(f"{name} is not installed; tests/install-system-packages installs it.")
    return found
