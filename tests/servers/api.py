"""A web API on loopback: subclasses answer calls; what was asked is kept, and it can be told to fail."""

import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True)
class Call:
    """A request; `path` without the query, unquoted."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    headers: Any


@dataclass(frozen=True)
class Reply:
    """`body` is sent as JSON, bytes as they are. LOST answers nothing after the call was carried out."""

    status: int
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()


LOST = Reply(0)


class ApiServer:
    """`faults` are answered before anything else.

    `lose` answers of the next calls get lost after these were carried out, and all those to `lost_methods`.
    """

    def __init__(self):
        self.calls: list[Call] = []
        self.faults: list[Reply] = []
        self.lose = 0
        self.lost_methods: set[str] = set()
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                api._serve(self)

            do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()

    def answer(self, call: Call) -> Reply:
        raise NotImplementedError

    def routes(self):
        return [f"{call.method} {call.path}" for call in self.calls]

    def _serve(self, handler):
        content = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        parts = urlsplit(handler.path)
        query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        body = json.loads(content) if content else None
        call = Call(handler.command, unquote(parts.path), query, body, handler.headers)
        self.calls.append(call)
        reply = self.faults.pop(0) if self.faults else self.answer(call)
        if self.lose or call.method in self.lost_methods:
            self.lose = max(0, self.lose - 1)
            reply = LOST
        if reply is LOST:
            handler.close_connection = True
            return
        sent = reply.body if isinstance(reply.body, bytes) else b""
        if reply.body is not None and not isinstance(reply.body, bytes):
            sent = json.dumps(reply.body).encode()
        handler.send_response(reply.status)
        for name, value in reply.headers:
            handler.send_header(name, value)
        if reply.status != 204:
            handler.send_header("Content-Length", str(len(sent)))
        handler.end_headers()
        handler.wfile.write(sent)
