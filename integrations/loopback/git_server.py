"""A git server on the loopback interface: real git over HTTP for the demo and for tests.

Python's threading HTTP server in front of `git http-backend`. Repositories can want a password each, refuse
pushes, and the server counts what was asked of it.
"""

import base64
import binascii
import contextlib
import hmac
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import IO, cast
from urllib.parse import unquote, urlsplit

from integrations.errors import IntegrationError, NotFound
from integrations.loopback.git_repositories import GitRepositories
from integrations.processes import clean_environment

_ROUTE = re.compile(r"^/(?P<name>.+?)(?:\.git)?(?P<service>/info/refs|/git-upload-pack|/git-receive-pack)$")
_CHUNK_BYTES = 64 * 1024
_MAX_BODY_BYTES = 1024**3
_IN_MEMORY_BYTES = 1024**2
_KINDS = {"/info/refs": "list", "/git-receive-pack": "push"}
# The packet that opens the pack in the answer to a fetch (protocol version 2).
_PACK_FOLLOWS = b"000dpackfile\n"


class GitServer(GitRepositories):
    """Serves the repositories below `root`; `accounts` maps a repository's name to its (user, password).

    `port` 0 takes a free one. `requests` counts by (repository, kind); kinds are "list", "fetch" (a pack was
    sent), "push" and "refused" (wrong or no password).
    """

    def __init__(
        self,
        root: Path,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        accounts: Mapping[str, tuple[str, str]] | None = None,
    ) -> None:
        if not ip_address(host).is_loopback:
            raise IntegrationError(f"The demo git server listens on loopback only, not on {host}", permanent=True)
        super().__init__(root)
        self.accounts = dict(accounts or {})
        self.requests: Counter[tuple[str, str]] = Counter()
        self._failures: list[int] = []
        self._guard = threading.Lock()
        self._server = _Server((host, port), _Handler)
        self._server.git = self
        self._thread: threading.Thread | None = None

    @property
    def base_url(self) -> str:
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def url(self, name: str) -> str:
        """Return the clone URL of a repository."""
        return f"{self.base_url}/{name}.git"

    def start(self) -> None:
        """Serve in a thread until `stop`."""
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="git-server", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and give the port back."""
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def fail_next(self, status: int, *, times: int = 1) -> None:
        """Answer the next requests with an HTTP status such as 503."""
        with self._guard:
            self._failures += [status] * times

    def count(self, name: str, kind: str) -> None:
        """Note one request."""
        with self._guard:
            self.requests[name, kind] += 1

    def take_failure(self) -> int | None:
        """Return the status that was asked for with `fail_next`, once."""
        with self._guard:
            return self._failures.pop(0) if self._failures else None

    def admits(self, name: str, authorization: str) -> bool:
        """Check a Basic authorization header against the repository's account."""
        account = self.accounts.get(name)
        if account is None:
            return True
        try:
            given = base64.b64decode(authorization.removeprefix("Basic "), validate=True)
        except binascii.Error:
            return False
        return hmac.compare_digest(given, ":".join(account).encode())


class _Server(ThreadingHTTPServer):
    git: GitServer
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that went away in the middle; report the rest."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_GET(self) -> None:
        self._answer(tempfile.TemporaryFile)

    def do_POST(self) -> None:
        self._answer(self._read_body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing: the counts tell what happened."""

    def _answer(self, read_body: Callable[[], IO[bytes]]) -> None:
        git = cast("_Server", self.server).git
        parts = urlsplit(self.path)
        route = _ROUTE.match(unquote(parts.path))
        with read_body() as content:
            if status := git.take_failure():
                return self._refuse(status, "Asked to fail")
            if route is None:
                return self._refuse(404, "Not found")
            name = route["name"]
            if not git.admits(name, self.headers.get("Authorization", "")):
                git.count(name, "refused")
                return self._refuse(401, "Wrong or no password", {"WWW-Authenticate": 'Basic realm="git"'})
            try:
                path = git.path(name)
            except NotFound:
                return self._refuse(404, "Not found")
            if not path.is_dir():
                return self._refuse(404, "Not found")
            if kind := _KINDS.get(route["service"]):
                git.count(name, kind)
            return self._run_backend(name, path, route["service"], parts.query, content)

    def _refuse(self, status: int, reason: str, headers: Mapping[str, str] | None = None) -> None:
        content = f"{reason}\n".encode()
        self.send_response(status)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _read_body(self) -> IO[bytes]:
        body = tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115  (the caller closes it)
        size = 0
        for chunk in self._body_chunks():
            size += len(chunk)
            if size > _MAX_BODY_BYTES:
                self.close_connection = True
                break
            body.write(chunk)
        body.seek(0)
        return cast("IO[bytes]", body)

    def _body_chunks(self) -> Iterator[bytes]:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while length := int(self.rfile.readline(1024).split(b";")[0].strip() or b"0", 16):
                yield self.rfile.read(length)
                self.rfile.readline(1024)
            while self.rfile.readline(1024).strip():
                pass
            return
        left = int(self.headers.get("Content-Length") or 0)
        while left > 0 and (chunk := self.rfile.read(min(left, _CHUNK_BYTES))):
            left -= len(chunk)
            yield chunk

    def _run_backend(self, name: str, path: Path, service: str, query: str, body: IO[bytes]) -> None:
        body.seek(0, os.SEEK_END)
        size = body.tell()
        body.seek(0)
        environment = {
            "GIT_PROJECT_ROOT": str(path),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_NOSYSTEM": "1",
            "HOME": "/nonexistent",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "REQUEST_METHOD": self.command,
            "PATH_INFO": service,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(size),
            "REMOTE_ADDR": str(self.client_address[0]),
            "REMOTE_USER": "git",
        }
        with subprocess.Popen(
            ["git", "http-backend"],
            env=clean_environment(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as backend:
            writer = threading.Thread(target=_pour, args=(body, backend.stdin), daemon=True)
            writer.start()
            self._relay(name, cast("IO[bytes]", backend.stdout))
            writer.join()

    def _relay(self, name: str, output: IO[bytes]) -> None:
        """Turn the CGI answer into an HTTP one, in chunks as they come."""
        status, headers = 200, []
        while line := output.readline().strip():
            key, _, value = line.decode("latin-1").partition(": ")
            if key.lower() == "status":
                status = int(value.split()[0])
            else:
                headers.append((key, value))
        self.send_response(status)
        for key, value in headers:
            self.send_header(key, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        sent_pack = False
        while chunk := cast("bytes", output.read1(_CHUNK_BYTES)):  # type: ignore[attr-defined]
            if not sent_pack and _PACK_FOLLOWS in chunk:
                sent_pack = True
                cast("_Server", self.server).git.count(name, "fetch")
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        self.wfile.write(b"0\r\n\r\n")


def _pour(body: IO[bytes], into: IO[bytes]) -> None:
    # The backend hangs up early when it refuses; the answer it gave is what counts.
    with contextlib.suppress(BrokenPipeError), into:
        shutil.copyfileobj(body, into, _CHUNK_BYTES)
