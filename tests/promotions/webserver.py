"""Web servers that steps call: one that tells the test of each request before it answers, one that never answers."""

import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = tuple[int, bytes]


class TellingServer:
    """Calls `on_request(path, number)` (number: from 1 per path) and sends what it returns, else 200."""

    def __init__(self, on_request: Callable[[str, int], Answer | None] = lambda path, number: None):
        self.seen: list[str] = []
        telling, guard = self, threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                with guard:
                    telling.seen.append(self.path)
                    number = telling.seen.count(self.path)
                status, body = on_request(self.path, number) or (200, b"{}")
                try:
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except ConnectionError:
                    pass  # the worker is dead, as some tests want it

            def log_message(self, *args):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def step(self, name, **fields):
        """An http step that calls `/<name>`."""
        return {"uses": "http", "as": name, "config": {"url": f"{self.url}/{name}"}, **fields}


class SilentServer:
    """Takes connections and says nothing; `connected` is set at the first one."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.connected = threading.Event()
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            self.connected.set()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        for connection in self._open:
            connection.close()
