"""The HTTP client against real sockets: requests, tries, time limits, sizes, statuses."""

import contextlib
import gzip
import io
import socket
import threading
import time
from datetime import timedelta

import pytest

from integrations.errors import NotFound, RateLimited, Rejected, Unauthorized, Unreachable
from integrations.http import BodyTooLarge, HttpClient, HttpPolicy
from tests.servers.http_recorder import HttpRecorder

LOOPBACK = HttpPolicy(allow_loopback=True, attempts=3, timeout=timedelta(seconds=5))


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
    with HttpClient(LOOPBACK, "kargoweb/test", sleep=waits.append) as opened:
        yield opened


@contextlib.contextmanager
def raw_server(talk):
    """A TCP server that hands its first connections to `talk(connection, stopped)`."""
    listener = socket.create_server(("127.0.0.1", 0))
    stopped = threading.Event()

    def accept():
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, contextlib.suppress(OSError):
                    connection.recv(65536)
                    talk(connection, stopped)

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        stopped.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def test_sends_and_reads_everything(server, client):
    server.answers["/a"] = [(201, [("X-One", "1"), ("x-one", "2"), ("Content-Type", "text/plain")], b"hello")]

    response = client.request(
        "post",
        f"{server.url}/a?b=1#top",
        headers=[("X-Tag", "a"), ("X-Tag", "b")],
        params=[("b", "2"), ("c", "ü &")],
        content=b"payload",
    )

    assert (response.status, response.body) == (201, b"hello")
    assert response.headers.get_all("X-ONE") == ["1", "2"]
    assert response.headers.get("content-type") == "text/plain"
    assert response.headers.get("absent") is None
    command, path, headers, body = server.seen[0]
    assert (command, path, body) == ("POST", "/a?b=1&b=2&c=%C3%BC+%26", b"payload")
    assert headers.get_all("x-tag") == ["a", "b"]
    assert headers["user-agent"] == "kargoweb/test"


def test_keeps_no_cookies_between_requests(server, client):
    server.answers["/"] = [(200, [("Set-Cookie", "session=alice; Path=/")], b"")]

    client.request("GET", f"{server.url}/")
    client.request("GET", f"{server.url}/")

    assert server.seen[1][2]["cookie"] is None


def test_tries_safe_requests_again_and_waits_longer_each_time(server, client, waits):
    server.answers["/"] = [(503, [], b""), (502, [], b""), (200, [], b"at last")]

    assert client.request("GET", f"{server.url}/").body == b"at last"
    assert len(waits) == 2
    assert 0.25 <= waits[0] <= 0.5 < waits[1] <= 0.75


def test_gives_the_last_answer_when_tries_are_used_up(server, client):
    server.answers["/"] = [(503, [], b"sorry")]

    response = client.request("GET", f"{server.url}/")

    assert (response.status, response.body, len(server.seen)) == (503, b"sorry", 3)


@pytest.mark.parametrize(("method", "retry", "tries"), [("POST", None, 1), ("POST", True, 3), ("GET", False, 1)])
def test_repeats_only_what_may_be_repeated(server, client, method, retry, tries):
    server.answers["/"] = [(500, [], b"")]

    client.request(method, f"{server.url}/", retry=retry)

    assert len(server.seen) == tries


def test_waits_as_long_as_retry_after_asks(server, client, waits):
    server.answers["/"] = [(429, [("Retry-After", "7")], b""), (200, [], b"")]

    assert client.request("GET", f"{server.url}/").status == 200
    assert waits == [7.0]


def test_does_not_wait_for_hours(server, client, waits):
    server.answers["/"] = [(429, [("Retry-After", "3600")], b"")]

    response = client.request("GET", f"{server.url}/")

    assert (response.status, response.retry_after, waits) == (429, timedelta(hours=1), [])


def test_reads_retry_after_as_a_date(server, client):
    server.answers["/"] = [(429, [("Retry-After", "Fri, 31 Dec 2077 23:59:59 GMT")], b"")]

    assert client.request("GET", f"{server.url}/").retry_after > timedelta(days=365)


def test_a_closed_port_is_unreachable_after_all_tries(client, waits):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(Unreachable, match=rf"Cannot reach 127\.0\.0\.1:{port}: .*refused") as caught:
        client.request("GET", f"http://alice:s3cret@127.0.0.1:{port}/path?token=hush")

    assert not caught.value.permanent
    assert len(waits) == 2
    assert not any(secret in str(caught.value) for secret in ("s3cret", "hush", "alice"))


def test_an_unknown_name_is_unreachable(client):
    with pytest.raises(Unreachable, match="cannot be resolved"):
        client.request("GET", "http://nowhere.invalid/")


def test_a_connection_cut_in_the_body_is_tried_again(client, waits):
    talks = []

    def talk(connection, stopped):
        talks.append(1)
        body = b"short" if len(talks) < 3 else b"0123456789"
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\n" + body)

    with raw_server(talk) as url:
        assert client.request("GET", url).body == b"0123456789"
    assert len(waits) == 2


def test_a_silent_server_times_out(client):
    with (
        raw_server(lambda connection, stopped: stopped.wait(10)) as url,
        pytest.raises(Unreachable, match=r"did not answer within 0\.2 s"),
    ):
        client.request("GET", url, timeout=timedelta(seconds=0.2), retry=False)


@pytest.mark.parametrize("start", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"])
def test_a_trickling_server_times_out_as_a_whole(client, start):
    def talk(connection, stopped):
        connection.sendall(start)
        while not stopped.wait(0.02):
            connection.sendall(b"x")

    with raw_server(talk) as url:
        started = time.monotonic()
        with pytest.raises(Unreachable, match="did not answer within"):
            client.request("GET", url, timeout=timedelta(seconds=0.4), retry=False)

    assert time.monotonic() - started < 3


def test_refuses_a_body_over_the_limit_declared_or_not(server, client):
    server.answers["/"] = [(200, [], b"x" * 1001)]
    with pytest.raises(BodyTooLarge, match="larger than 1000 bytes") as caught:
        client.request("GET", f"{server.url}/", max_body_bytes=1000)
    assert caught.value.permanent
    assert client.request("GET", f"{server.url}/", max_body_bytes=1001).status == 200

    def talk(connection, stopped):
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * 1001)

    with raw_server(talk) as url, pytest.raises(BodyTooLarge):
        client.request("GET", url, max_body_bytes=1000)


def test_counts_a_compressed_body_as_what_it_becomes(server, client):
    server.answers["/"] = [(200, [("Content-Encoding", "gzip")], gzip.compress(b"0" * 1_000_000))]

    with pytest.raises(BodyTooLarge):
        client.request("GET", f"{server.url}/", max_body_bytes=10_000)


def test_downloads_into_a_file(server, client):
    server.answers["/"] = [(503, [], b"busy"), (200, [], b"content")]
    target = io.BytesIO(b"something older and longer")

    response = client.download(f"{server.url}/", target, max_bytes=7)

    assert (response.status, response.body, target.getvalue()) == (200, b"", b"content")


def test_a_failed_download_leaves_the_file_alone(server, client):
    server.answers["/"] = [(404, [], b"no such thing")]
    target = io.BytesIO(b"old")

    response = client.download(f"{server.url}/", target, max_bytes=100)

    assert (response.status, response.body, target.getvalue()) == (404, b"no such thing", b"old")


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, Unauthorized),
        (403, Unauthorized),
        (404, NotFound),
        (429, RateLimited),
        (500, Unreachable),
        (400, Rejected),
    ],
)
def test_bad_statuses_become_errors_that_name_host_and_wish(server, client, status, error):
    server.answers["/secret-path"] = [(status, [("Retry-After", "9000")] if status == 429 else [], b"")]

    response = client.request("GET", f"{server.url}/secret-path", retry=False)
    with pytest.raises(
        error, match=rf"127\.0\.0\.1:{server.port} answered {status} while we wanted to read it"
    ) as caught:
        response.raise_for_status("read it")

    assert "secret-path" not in str(caught.value)


def test_many_threads_share_a_client(server, client):
    server.answers["/"] = [(200, [], b"x" * 10_000)]
    lengths = []

    def work():
        for _ in range(10):
            lengths.append(len(client.request("GET", f"{server.url}/").body))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert lengths == [10_000] * 80
