import pytest

from integrations.argocd.client import ArgoCD, Connection
from integrations.http import HttpClient, HttpPolicy
from tests.servers.argocd import TOKEN, ArgoCDServer


@pytest.fixture(scope="module")
def shared_server():
    server = ArgoCDServer()
    yield server
    server.close()


@pytest.fixture
def server(shared_server):
    shared_server.reset()
    return shared_server


@pytest.fixture(scope="module")
def client():
    with HttpClient(HttpPolicy(allow_loopback=True, attempts=2), "test", sleep=lambda _: None) as client:
        yield client


@pytest.fixture
def connect(server, client):
    """Make a client of the server; options are those of Connection."""

    def connect(http=client, **options):
        return ArgoCD(http, Connection(**{"url": server.url, "token": TOKEN, **options}))

    return connect


@pytest.fixture
def argocd(connect):
    return connect()
