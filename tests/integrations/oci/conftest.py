import pytest

from integrations.http import HttpClient, HttpPolicy
from integrations.loopback.oci_registry import OciRegistry
from integrations.oci.rate import HostRateLimits


@pytest.fixture
def server():
    with OciRegistry() as registry:
        yield registry


@pytest.fixture
def client():
    with HttpClient(HttpPolicy(allow_loopback=True), "kargoweb-test", sleep=lambda seconds: None) as opened:
        yield opened


@pytest.fixture
def limits():
    return HostRateLimits(10_000)
