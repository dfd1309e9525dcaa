import pytest

from integrations.http_proxies import ProxyRules
from kargoweb.env import BadSetting
from kargoweb.proxies import read_proxies


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def test_reads_the_environment(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.corp:3128")
    monkeypatch.setenv("no_proxy", "git.corp,10.0.0.0/8")

    assert read_proxies() == ProxyRules("", "http://proxy.corp:3128", ("git.corp", "10.0.0.0/8"))


def test_a_bad_proxy_stops_the_start_and_is_not_shown(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "socks5://ann:s3cret@proxy.corp")

    with pytest.raises(BadSetting, match=r"HTTPS_PROXY=.* cannot be used: expected the URL of a proxy") as caught:
        read_proxies()

    assert "s3cret" not in str(caught.value)
