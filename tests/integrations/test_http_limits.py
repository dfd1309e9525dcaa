"""Rate limits: recorded headers of GitHub, GitLab, Gitea and Azure, and what the client does with them."""

import time
from datetime import timedelta

import pytest

from integrations.errors import RateLimited, Unauthorized
from integrations.http import HttpClient, HttpPolicy
from integrations.http_limits import is_rate_limit, read_pause
from tests.servers.http_recorder import HttpRecorder


@pytest.fixture
def server():
    recorder = HttpRecorder()
    yield recorder
    recorder.close()


@pytest.fixture
def waits():
    return []


@pytest.fixture
def client(waits):
    with HttpClient(HttpPolicy(allow_loopback=True, attempts=3), "test", sleep=waits.append) as opened:
        yield opened


SECONDARY = (
    b'{"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}'
)
FORBIDDEN = b'{"message": "Resource not accessible by personal access token"}'


@pytest.mark.parametrize(
    ("status", "headers", "body", "expected"),
    [
        (429, {}, b"", True),
        (403, {}, FORBIDDEN, False),
        (403, {"x-ratelimit-remaining": "4999", "x-ratelimit-reset": "1800000000"}, FORBIDDEN, False),
        (403, {"x-ratelimit-remaining": "0"}, b"", True),
        (403, {"ratelimit-remaining": "0"}, b"", True),
        (403, {"retry-after": "60"}, b"", True),
        (403, {}, SECONDARY, True),
        (403, {}, b'{"message": "API rate limit exceeded for user ID 1."}', True),
        (401, {"x-ratelimit-remaining": "0"}, SECONDARY, False),
        (200, {"x-ratelimit-remaining": "0"}, b"", False),
    ],
)
def test_tells_a_pause_from_a_refusal(status, headers, body, expected):
    assert is_rate_limit(status, headers.get, body) is expected


def test_waits_until_the_reset_of_a_limit_that_is_used_up():
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(time.time()) + 100)}

    pause = read_pause(403, headers.get)

    assert timedelta(seconds=95) < pause <= timedelta(seconds=100)


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (429, {"retry-after": "7", "x-ratelimit-reset": "9"}, timedelta(seconds=7)),
        (429, {"ratelimit-reset": "9"}, timedelta(seconds=9)),
        (429, {"x-ratelimit-reset": "1000000001"}, timedelta()),
        (429, {"x-ratelimit-reset": "99999999999999"}, timedelta(days=1)),
        (429, {"x-ratelimit-reset": "soon"}, None),
        (429, {}, None),
        (503, {"retry-after": "3"}, timedelta(seconds=3)),
        # A limit that is not reached says nothing about now.
        (503, {"x-ratelimit-remaining": "10", "x-ratelimit-reset": "5"}, None),
        (403, {"x-ratelimit-remaining": "10", "x-ratelimit-reset": "5"}, None),
    ],
)
def test_reads_how_long_to_wait(status, headers, expected):
    assert read_pause(status, headers.get) == expected


def test_asks_again_after_a_short_pause_even_when_the_limit_came_as_403(server, client, waits):
    limited = [("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", "4")]
    server.answers["/"] = [(403, limited, b""), (200, [], b"in")]

    assert client.request("GET", f"{server.url}/").body == b"in"
    assert waits == [4.0]


def test_leaves_a_long_pause_to_the_caller(server, client, waits):
    server.answers["/"] = [(403, [("Retry-After", "120")], SECONDARY)]

    response = client.request("GET", f"{server.url}/")

    assert (len(server.seen), waits) == (1, [])
    with pytest.raises(RateLimited, match="too many requests") as caught:
        response.raise_for_status("open a pull request")
    assert caught.value.retry_after == timedelta(minutes=2)
    assert not caught.value.permanent


def test_a_plain_403_is_not_asked_again(server, client):
    server.answers["/"] = [(403, [], FORBIDDEN)]

    with pytest.raises(Unauthorized, match='It said: "no access"') as caught:
        client.request("GET", f"{server.url}/").raise_for_status("open a pull request", said="no access")

    assert caught.value.permanent
    assert len(server.seen) == 1
