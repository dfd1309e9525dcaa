"""A bench for the Argo CD steps: a server on loopback and a way to run a step against it."""

import contextlib
import dataclasses

import pytest

from integrations.argocd.client import ArgoCD, Connection
from integrations.http import HttpClient, HttpPolicy
from promotions.steps.capabilities import Capabilities
from promotions.steps.execution import execute
from promotions.steps.registry import find_step
from tests.servers.argocd import TOKEN, ArgoCDServer


class Access:
    """Argo CD access over one HTTP client for all tests of a module: a new one costs more than a test."""

    namespace = "argocd"

    def __init__(self, client, url):
        self._argocd = ArgoCD(client, Connection(url, TOKEN))

    def connect(self):
        return contextlib.nullcontext(self._argocd)


@pytest.fixture(scope="module")
def shared_server():
    server = ArgoCDServer()
    yield server
    server.close()


@pytest.fixture(scope="module")
def client():
    with HttpClient(HttpPolicy(allow_loopback=True, attempts=1), "test") as client:
        yield client


@pytest.fixture
def server(shared_server):
    shared_server.reset()
    return shared_server


@pytest.fixture
def context(bench, server, client):
    """What a step gets; it is a step of stage uat of project shop, asked for by Alice."""
    can = Capabilities(argocd=Access(client, server.url))
    return dataclasses.replace(bench.context(), can=can, actor="email:alice@example.com")


@pytest.fixture
def run(context):
    """Run a step with these apps; `previous` is its last output."""

    def run(kind, *apps, previous=None, actor=None, **config):
        given = dataclasses.replace(
            context, previous_output=previous, actor=context.actor if actor is None else actor
        )
        return execute(find_step(kind), {"apps": list(apps), **config}, given)

    return run
