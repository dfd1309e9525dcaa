"""Bodies of webhooks have a limit of their own, before anything reads them."""

import asyncio
from collections.abc import Sequence

from kargoweb.asgi import application

MIB = 1024**2


def ask(path: str, parts: Sequence[bytes], length: int | None = None) -> tuple[int, int]:
    """Send a POST in parts; gives the status and how many parts were taken."""
    headers = [(b"host", b"localhost")]
    if length is not None:
        headers.append((b"content-length", str(length).encode()))
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    waiting, sent = list(parts), []

    async def receive():
        part = waiting.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(waiting)}

    async def send(message):
        sent.append(message)

    asyncio.run(application(scope, receive, send))
    return sent[0]["status"], len(parts) - len(waiting)


def test_an_announced_body_of_more_than_two_mebibytes_is_not_read():
    assert ask("/webhooks/github/x", [b"x"], length=2 * MIB + 1) == (413, 0)


def test_a_body_without_a_length_is_read_to_the_limit_only():
    assert ask("/webhooks/github/x", [b"x" * MIB] * 100) == (413, 3)
