"""Proxies from the environment: which request goes through which, and that the guard holds there too."""

import pytest

from integrations.errors import IntegrationError
from integrations.http import BlockedAddress, HttpClient, HttpPolicy
from integrations.http_proxies import ProxyRules, read_proxy_rules
from tests.servers.http_recorder import HttpRecorder

PROXY = "http://proxy.corp:3128"


def _choose(direct, host, port=443, scheme="https"):
    rules = ProxyRules(http=PROXY, https=PROXY, direct=tuple(direct.split(",")) if direct else ())
    return rules.choose(scheme=scheme, host=host, port=port)


@pytest.mark.parametrize(
    ("direct", "host", "port", "is_direct"),
    [
        ("", "github.com", 443, False),
        ("", "localhost", 80, True),
        ("", "127.0.0.1", 80, True),
        ("", "[::1]", 80, True),
        ("*", "github.com", 443, True),
        ("corp", "git.corp", 443, True),
        ("corp", "corp", 443, True),
        ("corp", "notcorp", 443, False),
        (".corp", "git.corp", 443, True),
        (".corp", "corp", 443, False),
        ("*.corp", "git.corp", 443, True),
        ("git.corp:8443", "git.corp", 8443, True),
        ("git.corp:8443", "git.corp", 443, False),
        ("a,git.corp", "GIT.corp.", 443, True),
        ("10.0.0.0/8", "10.1.2.3", 443, True),
        ("10.0.0.0/8", "11.1.2.3", 443, False),
        ("10.0.0.0/8", "git.corp", 443, False),
        ("nonsense/8", "10.1.2.3", 443, False),
        ("10.1.2.3", "10.1.2.3", 443, True),
        ("fd00::1", "[fd00::1]", 443, True),
        ("[fd00::1]:443", "[fd00::1]", 443, True),
    ],
)
def test_chooses_who_is_called_directly(direct, host, port, is_direct):
    assert _choose(direct, host, port) == (None if is_direct else PROXY)


def test_each_scheme_has_its_own_proxy():
    rules = read_proxy_rules({"HTTP_PROXY": "plain:80", "https_proxy": "https://secure.corp", "no_proxy": " a , B"})

    assert rules == ProxyRules("http://plain:80", "https://secure.corp", ("a", "b"))
    assert rules.choose(scheme="http", host="x", port=80) == "http://plain:80"
    assert ProxyRules(https=PROXY).choose(scheme="http", host="x", port=80) is None


@pytest.mark.parametrize("value", ["socks5://u:s3cret@proxy.corp", "http://", "http://host:port", "http://[::1"])
def test_refuses_a_proxy_that_is_no_url_and_hides_it(value):
    with pytest.raises(IntegrationError, match="environment variable HTTPS_PROXY") as caught:
        read_proxy_rules({"HTTPS_PROXY": value})

    assert caught.value.permanent
    assert "s3cret" not in str(caught.value)


@pytest.fixture
def proxy():
    recorder = HttpRecorder()
    yield recorder
    recorder.close()


def test_goes_through_the_operators_proxy_though_it_is_private(proxy):
    proxy.answers["http://name-that-only-the-proxy-knows.invalid/a"] = [(200, [], b"by proxy")]
    rules = ProxyRules(http=proxy.url)

    with HttpClient(HttpPolicy(proxy_rules=rules), "test") as client:
        assert client.request("GET", "http://name-that-only-the-proxy-knows.invalid/a").body == b"by proxy"


def test_the_operators_proxy_is_no_way_around_the_guard(proxy):
    with HttpClient(HttpPolicy(proxy_rules=ProxyRules(http=proxy.url)), "test") as client:
        for url in ("http://169.254.169.254/", "http://10.0.0.1/", f"{proxy.url}/"):
            with pytest.raises(BlockedAddress):
                client.request("GET", url)

    assert proxy.seen == []


def test_a_proxy_of_ones_own_goes_before_the_operators(proxy):
    proxy.answers["http://elsewhere.invalid/"] = [(200, [], b"mine")]
    policy = HttpPolicy(allow_loopback=True, proxy=proxy.url, proxy_rules=ProxyRules(http="http://nobody.invalid"))

    with HttpClient(policy, "test") as client:
        assert client.request("GET", "http://elsewhere.invalid/").body == b"mine"
