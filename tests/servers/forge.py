"""A git provider for tests: real git over HTTP with a web API beside it, on one port, as real ones have it.

The files beside this one speak the API of one provider each, in the shapes their documentation shows. A forge keeps
what it was sent, checks the token, merges for real, and can be told to fail.
"""

import json
import re
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from integrations.loopback import git_server
from integrations.loopback.git_server import GitServer

TOKEN = "t0ken-of-the-forge"
_GIT = re.compile(r"/(info/refs|git-upload-pack|git-receive-pack)$")
_BORN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass
class Pull:
    """A pull request of the forge; `state` is open, closed or merged, `readiness` a word of the provider's own."""

    number: int
    source: str
    target: str
    title: str = ""
    description: str = ""
    labels: list[str] = field(default_factory=list)
    state: str = "open"
    readiness: str = ""
    draft: bool = False
    head: str = ""
    merge_commit: str = ""
    method: str | None = None

    @property
    def created_at(self) -> datetime:
        return _BORN + timedelta(minutes=self.number)


@dataclass(frozen=True)
class Call:
    """A request to the API; `path` without the query, unquoted."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    headers: Any

    @property
    def route(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Reply:
    status: int
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()


class Forge(GitServer):
    """One repository and its pull requests. Subclasses: `repository`, `ready`, `authorize`, `answer`."""

    repository = "acme/app"
    # The readiness of a pull request that can be merged.
    ready = ""
    page_size = 100

    def __init__(self, root):
        super().__init__(root)
        self.pulls: dict[int, Pull] = {}
        self.calls: list[Call] = []
        self.faults: list[Reply] = []
        self.on_merge: list[Reply] = []
        self.released = threading.Event()
        self._server.RequestHandlerClass = _Handler
        self.create(self.repository, {"app.yaml": "v: 1\n"})

    def forget(self) -> None:
        """No pull requests and no faults any more, for the next test; branches stay."""
        self.pulls.clear()
        self.calls.clear()
        self.faults, self.on_merge, self.page_size = [], [], Forge.page_size

    def stop(self):
        self.released.set()
        super().stop()

    @property
    def repo_url(self) -> str:
        return self.url(self.repository)

    def change(self, branch: str, message: str = "Set v to 2\n\nBecause it is newer.") -> str:
        """A branch with one commit more than main."""
        start = self.head(self.repository)
        return self.commit(self.repository, {"app.yaml": f"v: {branch}\n"}, message, branch=branch, start=start)

    def open_pull(self, source: str = "change", target: str = "main", **facts: Any) -> Pull:
        """A pull request that somebody opened."""
        if source not in self.branches(self.repository):
            self.change(source)
        number = len(self.pulls) + 1
        facts.setdefault("readiness", self.ready)
        facts.setdefault("head", self.head(self.repository, source))
        pull = self.pulls[number] = Pull(number, source, target, **facts)
        return pull

    def do_merge(self, pull: Pull, method: str | None = None) -> None:
        """Merge for real."""
        name = self.repository
        files = {path: self.read(name, pull.source, path) for path in self.files(name, pull.source)}
        merge = self.head(name, pull.source)
        pull.merge_commit = self.commit(name, files, f"Merge {pull.source}", branch=pull.target, merge=merge)
        pull.state, pull.method = "merged", method

    def routes(self) -> list[str]:
        return [call.route for call in self.calls]

    def link(self, call: Call, page: int, count: int) -> tuple[tuple[str, str], ...]:
        """The Link header of page `page` of a list."""
        if page * self.page_size >= count:
            return ()
        query = urlencode({**call.query, "page": page + 1})
        return (("Link", f'<{self.base_url}{quote(call.path)}?{query}>; rel="next", <x>; rel="last"'),)

    def paged(self, call: Call, items: list[Any]) -> Reply:
        """One page of a list, with the Link header."""
        page = int(call.query.get("page", "1"))
        start = (page - 1) * self.page_size
        return Reply(200, items[start : start + self.page_size], self.link(call, page, len(items)))

    def authorize(self, call: Call) -> bool:
        raise NotImplementedError

    def answer(self, call: Call) -> Reply:
        raise NotImplementedError

    def reply(self, call: Call) -> Reply:
        self.calls.append(call)
        if self.faults:
            return self.faults.pop(0)
        if not self.authorize(call):
            return Reply(401, {"message": "Bad credentials"})
        return self.answer(call)


SLOW = Reply(0)


class _Handler(git_server._Handler):
    def do_GET(self):
        if _GIT.search(urlsplit(self.path).path):
            super().do_GET()
        else:
            self._api()

    def do_POST(self):
        if _GIT.search(urlsplit(self.path).path):
            super().do_POST()
        else:
            self._api()

    def _api(self):
        forge = self.server.git
        parts = urlsplit(self.path)
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        call = Call(
            self.command,
            unquote(parts.path),
            {key: values[-1] for key, values in parse_qs(parts.query).items()},
            json.loads(content) if content else None,
            self.headers,
        )
        reply = forge.reply(call)
        if reply is SLOW:
            forge.released.wait(30)
            self.close_connection = True
            return
        body = reply.body if isinstance(reply.body, bytes) else b""
        if reply.body is not None and not isinstance(reply.body, bytes):
            body = json.dumps(reply.body).encode()
        self.send_response(reply.status)
        for key, value in reply.headers:
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_PUT = do_PATCH = do_DELETE = _api  # noqa: N815
