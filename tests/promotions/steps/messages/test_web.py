import json
import socket
import time

import pytest

from integrations.errors import IntegrationError, RateLimited, Rejected, Unauthorized, Unreachable
from promotions.steps.base import Done, StepErrored, StepFailed
from tests.promotions.steps.messages.sending import make_channel
from tests.servers.http_recorder import HttpRecorder


@pytest.fixture(scope="module")
def web():
    recorder = HttpRecorder()
    yield recorder
    recorder.close()


def _web_channel(web, answer, spec=None, secret=None):
    web.seen.clear()
    web.answers = {"/hook": [answer]}
    return make_channel({"http": {"url": f"{web.url}/hook", **(spec or {})}}, secret)


def test_a_plain_message_goes_as_json_with_the_channels_headers(send, web):
    spec = {"headers": [{"name": "X-Team", "value": "a"}], "queryParams": [{"name": "q", "value": "1 2"}]}
    channel = _web_channel(web, (202, [], b""), spec, {"bearerToken": "t0ken-of-the-web"})

    assert send(channel, "hi") == Done({"http": {"status": 202}})

    method, path, headers, body = web.seen[0]
    assert (method, path, json.loads(body)) == ("POST", "/hook?q=1+2", {"text": "hi"})
    assert (headers["Authorization"], headers["X-Team"]) == ("Bearer t0ken-of-the-web", "a")
    assert headers["Content-Type"] == "application/json"


def test_a_payload_shapes_the_request_but_not_its_address(send, web):
    channel = _web_channel(web, (200, [], b""), secret={"authorization": "Basic eDp5enp6"})
    text = json.dumps({"body": "raw", "headers": {"X-A": "1"}, "method": "PUT", "queryParams": {"z": "1"}})

    send(channel, text, encodingType="json")
    with pytest.raises(StepFailed, match="url: unknown field"):
        send(channel, '{"url": "https://evil.example", "body": "x"}', encodingType="json")

    method, path, headers, body = web.seen[0]
    assert (method, path, body, headers["Authorization"]) == ("PUT", "/hook?z=1", b"raw", "Basic eDp5enp6")
    assert len(web.seen) == 1


@pytest.mark.parametrize(
    ("status", "body", "spec", "kind"),
    [
        (200, b'{"ok": true}', {"successExpression": "response.body.ok == true"}, None),
        (200, b'{"ok": false}', {"successExpression": "response.body.ok == true"}, StepErrored),
        (200, b'{"bad": true}', {"failureExpression": "response.body.bad == true"}, StepFailed),
        (200, b"{}", {"successExpression": "response.status +"}, StepErrored),
        (400, b"", {}, Rejected),
        (401, b"", {}, Unauthorized),
        (429, b"", {"successExpression": "true"}, RateLimited),
        (503, b"", {}, Unreachable),
    ],
)
def test_answers_are_judged(send, web, status, body, spec, kind):
    channel = _web_channel(web, (status, [("Content-Type", "application/json")], body), spec)

    if kind is None:
        assert send(channel) == Done({"http": {"status": status}})
    else:
        with pytest.raises(kind):
            send(channel)


def test_a_header_cannot_be_injected(send, web):
    channel = _web_channel(web, (200, [], b""))

    with pytest.raises((IntegrationError, StepErrored)):
        send(channel, json.dumps({"body": "x", "headers": {"X-A": "1\r\nX-B: 2"}}), encodingType="json")

    assert not web.seen


def test_a_server_that_says_nothing_does_not_hold_the_worker_for_ever(send, web):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        channel = make_channel({"http": {"url": f"http://127.0.0.1:{silent.getsockname()[1]}/", "timeout": "1s"}})
        started = time.monotonic()
        with pytest.raises(Unreachable):
            send(channel)
    assert time.monotonic() - started < 10
