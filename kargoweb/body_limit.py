"""Refuses request bodies that are too long, before anything looks at them: nobody has to be signed in to send one."""

from collections.abc import Awaitable, Callable
from typing import Any

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class BodyLimit:
    """ASGI middleware: answer 413 to what announces, or turns out to hold, more than `max_bytes`."""

    def __init__(self, application: Callable[[Scope, Receive, Send], Awaitable[None]], max_bytes: int) -> None:
        self._application = application
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if _announced_bytes(scope) > self._max_bytes:
            await self._refuse(send)
            return
        received, has_begun = 0, False

        async def count() -> dict[str, Any]:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            # The application gives up as if the sender had left, and its answer becomes ours.
            return {"type": "http.disconnect"} if received > self._max_bytes else message

        async def watch(message: dict[str, Any]) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        await self._application(scope, count, watch)
        if received > self._max_bytes and not has_begun:
            await self._refuse(send)

    async def _refuse(self, send: Send) -> None:
        body = f"The request is larger than {self._max_bytes // 1024**2} MiB. Send less at once.\n".encode()
        headers = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),  # the rest of the request is not read
        ]
        await send({"type": "http.response.start", "status": 413, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _announced_bytes(scope: Scope) -> int:
    """The largest Content-Length; 0 where there is none."""
    values = [value for name, value in scope["headers"] if name.lower() == b"content-length"]
    return max((int(value) for value in values if value.isdigit()), default=0)
