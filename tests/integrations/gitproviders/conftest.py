"""A client for all tests of one module that does not wait between tries."""

from datetime import timedelta

import pytest

from integrations.http import HttpClient, HttpPolicy


@pytest.fixture(scope="module")
def client():
    policy = HttpPolicy(allow_loopback=True, attempts=3, timeout=timedelta(seconds=10))
    with HttpClient(policy, "kargoweb-test", sleep=lambda _: None) as opened:
        yield opened
