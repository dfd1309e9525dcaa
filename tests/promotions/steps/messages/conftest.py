"""The step send-message with one channel."""

import pytest

from integrations.http import HttpClient, HttpPolicy
from promotions.steps.execution import execute
from tests.promotions.steps.messages.sending import STEP, make_context


@pytest.fixture
def send(tmp_path):
    def run(channel, message="hello", *, policy=None, lines=None, **more):
        config = {"channel": {"kind": "MessageChannel", "name": "team"}, "message": message, **more}
        with HttpClient(policy or HttpPolicy(allow_loopback=True), "test", sleep=lambda _: None) as client:
            return execute(STEP, config, make_context(tmp_path, channel, client, lines))

    return run
