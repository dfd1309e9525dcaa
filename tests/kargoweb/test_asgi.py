"""The front door: bodies that are too long stay outside, static files come without a warning."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kargoweb.asgi import application
from kargoweb.body_limit import BodyLimit

ROOT = Path(__file__).resolve().parents[2]
MIB = 1024**2


def ask(app, *, headers=(), parts=(b"",)):
    """Send a POST in parts; gives the status, the answer's body, and how many parts were taken."""
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/sign-in/",
        "raw_path": b"/sign-in/",
        "query_string": b"",
        "headers": [(b"host", b"localhost"), *headers],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    waiting = list(parts)
    sent = []

    async def receive():
        part = waiting.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(waiting)}

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    body = b"".join(message.get("body", b"") for message in sent)
    return sent[0]["status"], body, len(parts) - len(waiting)


def test_a_body_announced_as_too_long_is_not_read():
    status, body, taken = ask(application, headers=[(b"content-length", str(7 * MIB).encode())], parts=[b"x"])

    assert (status, taken) == (413, 0)
    assert body == b"The request is larger than 6 MiB. Send less at once.\n"


def test_a_body_without_a_length_is_read_to_the_limit_only():
    status, _, taken = ask(application, parts=[b"x" * MIB] * 100)

    assert (status, taken) == (413, 7)


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "chunked"])
def test_a_body_of_exactly_the_limit_reaches_the_site(announced):
    async def site(scope, receive, send):
        size, more = 0, True
        while more:
            message = await receive()
            size, more = size + len(message["body"]), message["more_body"]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": str(size).encode()})

    headers = [(b"content-length", b"2000")] if announced else []

    assert ask(BodyLimit(site, 2000), headers=headers, parts=[b"x" * 1000] * 2) == (200, b"2000", 2)


GET_STATIC = """
import asyncio
from kargoweb.asgi import application

received = []

async def receive():
    if received:
        await asyncio.Event().wait()
    received.append(True)
    return {"type": "http.request", "body": b"", "more_body": False}

async def send(message):
    print(message.get("status", ""), message.get("body", b"").decode())

scope = {"type": "http", "method": "GET", "path": "/static/one.css", "raw_path": b"/static/one.css",
         "query_string": b"", "headers": [(b"host", b"localhost")]}
asyncio.run(application(scope, receive, send))
"""


def test_static_files_come_without_a_warning(tmp_path):
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "one.css").write_text("a{}")
    environment = {"PATH": os.environ["PATH"], "KARGOWEB_DATA_DIR": str(tmp_path)}

    done = subprocess.run(
        [sys.executable, "-c", GET_STATIC], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == ["200", "a{}"]
    assert "Warning" not in done.stderr
