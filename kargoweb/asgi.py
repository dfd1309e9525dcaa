"""ASGI entry point: event streams are answered here, all else by Django."""

import asyncio
import os
import signal
import threading
import time
import warnings
from types import FrameType
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kargoweb.settings")
_django: Any = get_asgi_application()

# WhiteNoise answers with files, which are read as a whole in a thread: right for stylesheets and scripts.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")

# Models can be imported only once Django is set up.
from django.conf import settings  # noqa: E402

from freight.receivers.addresses import PREFIX  # noqa: E402
from kargoweb.body_limit import BodyLimit  # noqa: E402
from kargoweb.live.hub import Hub  # noqa: E402
from kargoweb.live.listener import Listener, make_listener  # noqa: E402
from kargoweb.live.reading import Reader  # noqa: E402
from kargoweb.live.routes import find_route  # noqa: E402
from kargoweb.live.streams import Receive, Scope, Send, answer  # noqa: E402


class Application:
    """The site in one process. The listener starts with the server, or with the first stream."""

    def __init__(self) -> None:
        self._hub = Hub(time.monotonic)
        self._reader = Reader()
        self._listener: Listener | None = None
        self._http = BodyLimit(self._answer, settings.REQUEST_MAX_BYTES)
        self._webhooks = BodyLimit(self._answer, settings.WEBHOOK_MAX_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            door = self._webhooks if scope["path"].startswith(PREFIX) else self._http
            await door(scope, receive, send)
        else:
            await _django(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (route := find_route(scope["path"])) is None:
            await _django(scope, receive, send)
            return
        self._start()
        await answer(scope, receive, send, route=route, hub=self._hub, reader=self._reader)

    async def _live(self, receive: Receive, send: Send) -> None:
        """Start and stop with the server."""
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._start()
                self._end_streams_on_signal()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                self._hub.close()
                if self._listener is not None:
                    await self._listener.stop()
                self._reader.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    def _start(self) -> None:
        if self._listener is None:
            self._listener = make_listener(self._hub)
            self._listener.start()

    def _end_streams_on_signal(self) -> None:
        """A server waits for open answers before it says that it stops; streams must end at the signal itself."""
        if threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            before = signal.getsignal(number)
            if not callable(before):
                continue

            def end(received: int, frame: FrameType | None, before: Any = before) -> None:
                loop.call_soon_threadsafe(self._hub.close)
                before(received, frame)

            signal.signal(number, end)


application = Application()
