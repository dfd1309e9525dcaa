"""The broker goes away and comes back: people can ask for promotions meanwhile, and each of them runs."""

import time

import pytest

from tests.faults.killing import check_record
from tests.servers.installation import Installation, free_port, running_redis

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def test_a_promotion_asked_for_without_a_broker_runs_when_it_is_back(tmp_path):
    port = free_port()
    settings = {"CELERY_BROKER_URL": f"redis://127.0.0.1:{port}/0"}
    with Installation(tmp_path / "site", settings=settings) as site:
        freight = site.ask("discover", "guestbook")
        with running_redis(tmp_path, port):
            site.start_all()
            wait_until(lambda: not site.ask("is_worker_silent"))

        asked_at = time.monotonic()
        promotion = site.ask("promote", "dev", freight)

        assert time.monotonic() - asked_at < 5, "the request waited for the broker"
        assert site.ask("look", promotion)["phase"] == "Pending"
        wait_until(lambda: site.ask("is_worker_silent"))
        assert site.ask("look", promotion)["phase"] == "Pending"
        with running_redis(tmp_path, port):
            end = site.ask("wait_for_end", promotion, 60)
            wait_until(lambda: not site.ask("is_worker_silent"))
        assert end["phase"] == "Succeeded"
        assert check_record(site.ask("look", promotion), interrupted=()) == []


def wait_until(condition, *, seconds=40):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.1)
