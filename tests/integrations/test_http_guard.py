"""Where the HTTP client goes: redirects, blocked addresses, proxies, certificates."""

import ssl
import subprocess
from dataclasses import replace
from datetime import timedelta

import pytest

from integrations.errors import IntegrationError, Unreachable
from integrations.http import BlockedAddress, HttpClient, HttpPolicy
from tests.servers.http_recorder import HttpRecorder

LOOPBACK = HttpPolicy(allow_loopback=True, attempts=3, timeout=timedelta(seconds=5))


@pytest.fixture
def server():
    recorder = HttpRecorder()
    yield recorder
    recorder.close()


@pytest.fixture
def other():
    recorder = HttpRecorder()
    yield recorder
    recorder.close()


@pytest.fixture
def client():
    with HttpClient(LOOPBACK, "kargoweb/test", sleep=lambda seconds: None) as opened:
        yield opened


def test_follows_redirects_and_says_where_it_ended(server, client):
    server.answers["/a"] = [(302, [("Location", "b?x=1")], b"")]
    server.answers["/b"] = [(200, [], b"here")]

    response = client.request("GET", f"{server.url}/a", headers={"Authorization": "Bearer t"})

    assert (response.url, response.body) == (f"{server.url}/b?x=1", b"here")
    assert server.seen[1][2]["authorization"] == "Bearer t"


def test_does_not_carry_secrets_to_another_origin(server, other, client):
    server.answers["/"] = [(307, [("Location", f"{other.url}/")], b"")]
    other.answers["/"] = [(200, [], b"")]
    headers = {"Authorization": "Bearer t", "Cookie": "a=b", "PRIVATE-TOKEN": "x", "Accept": "text/plain"}

    client.request("GET", f"{server.url}/", headers=headers)

    received = other.seen[0][2]
    assert [received[name] for name in ("authorization", "cookie", "private-token")] == [None] * 3
    assert received["accept"] == "text/plain"


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [
        (303, "PUT", "GET"),
        (302, "POST", "GET"),
        (301, "POST", "GET"),
        (307, "POST", "POST"),
        (308, "PUT", "PUT"),
    ],
)
def test_changes_the_method_at_a_redirect_as_browsers_do(server, client, status, method, then):
    server.answers["/a"] = [(status, [("Location", "/b")], b"")]
    server.answers["/b"] = [(200, [], b"")]

    client.request(method, f"{server.url}/a", content=b"body")

    assert (server.seen[1][0], server.seen[1][3]) == (then, b"" if then == "GET" else b"body")


def test_gives_up_on_a_redirect_loop(server, client):
    server.answers["/"] = [(302, [("Location", "/")], b"")]

    with pytest.raises(IntegrationError, match="redirects more than 5 times") as caught:
        client.request("GET", f"{server.url}/")

    assert caught.value.permanent
    assert len(server.seen) == 6


@pytest.mark.parametrize(
    "url", ["ftp://example.com/", "file:///etc/passwd", "example.com", "http://", "http://[::1", ""]
)
def test_refuses_what_is_no_web_address(client, url):
    with pytest.raises(IntegrationError) as caught:
        client.request("GET", url)

    assert caught.value.permanent


def test_refuses_a_redirect_to_another_scheme(server, client):
    server.answers["/"] = [(302, [("Location", "file:///etc/passwd")], b"")]

    with pytest.raises(IntegrationError, match="must begin with http"):
        client.request("GET", f"{server.url}/")


@pytest.mark.parametrize("location", ["http://[::1", "http://host:port/"])
def test_refuses_a_redirect_to_what_is_no_url(server, client, location):
    server.answers["/"] = [(302, [("Location", location)], b"")]

    with pytest.raises(IntegrationError, match="not a URL") as caught:
        client.request("GET", f"{server.url}/")

    assert caught.value.permanent


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "0.0.0.0",  # noqa: S104
        "[::ffff:127.0.0.1]",
        "2130706433",
        "0177.1",
    ],
)
def test_does_not_call_loopback_unless_allowed(server, host):
    with HttpClient(HttpPolicy(), "kargoweb/test") as client, pytest.raises(BlockedAddress) as caught:
        client.request("GET", f"http://{host}:{server.port}/")

    assert caught.value.permanent
    assert "ask the operator" in str(caught.value)
    assert server.seen == []


def test_does_not_follow_a_redirect_to_a_blocked_address(server):
    server.answers["/"] = [(302, [("Location", f"http://localhost:{server.port}/secret")], b"")]
    policy = HttpPolicy(allowed_hosts=frozenset({f"127.0.0.1:{server.port}"}))

    with HttpClient(policy, "kargoweb/test") as client, pytest.raises(BlockedAddress, match="localhost"):
        client.request("GET", f"{server.url}/")

    assert [path for _, path, _, _ in server.seen] == ["/"]


def test_an_allowed_host_may_be_called_on_its_port_only(server, other):
    policy = HttpPolicy(allowed_hosts=frozenset({f"127.0.0.1:{server.port}"}))
    server.answers["/"] = [(200, [], b"in")]

    with HttpClient(policy, "kargoweb/test") as client:
        assert client.request("GET", f"{server.url}/").body == b"in"
        with pytest.raises(BlockedAddress):
            client.request("GET", f"{other.url}/")


def test_goes_through_a_proxy(server, other):
    other.answers["http"] = [(200, [], b"by proxy")]
    other.answers[f"{server.url}/a"] = [(200, [], b"by proxy")]
    policy = HttpPolicy(allow_loopback=True, proxy=other.url)

    with HttpClient(policy, "kargoweb/test") as client:
        assert client.request("GET", f"{server.url}/a").body == b"by proxy"

    assert server.seen == []
    assert other.seen[0][1] == f"{server.url}/a"


def test_a_proxy_is_no_way_around_the_guard(server, other):
    policy = HttpPolicy(proxy=other.url, allowed_hosts=frozenset({f"127.0.0.1:{other.port}"}))

    with HttpClient(policy, "kargoweb/test") as client, pytest.raises(BlockedAddress):
        client.request("GET", f"{server.url}/")

    assert other.seen == []


@pytest.fixture
def tls_server(tmp_path, server):
    """The recorder behind a certificate nobody vouches for."""
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    server.server.socket = context.wrap_socket(server.server.socket, server_side=True)
    server.answers["/"] = [(200, [], b"trusted")]
    return server


def test_verifies_certificates_unless_told_otherwise(tls_server, client):
    url = f"https://localhost:{tls_server.port}/"

    with pytest.raises(Unreachable, match=r"localhost:\d+: .*certificate"):
        client.request("GET", url)
    with HttpClient(replace(LOOPBACK, verify_tls=False), "kargoweb/test") as trusting:
        assert trusting.request("GET", url).body == b"trusted"


def test_one_request_may_trust_any_certificate_and_the_next_one_does_not(tls_server, client):
    url = f"https://localhost:{tls_server.port}/"

    assert client.request("GET", url, verify_tls=False).body == b"trusted"
    with pytest.raises(Unreachable, match="certificate"):
        client.request("GET", url)
