"""A worker that is asked to stop hands its promotion over at the next step, long before its lease would end."""

import time

import pytest

from tests.faults.killing import check_record
from tests.servers.installation import Installation

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def test_a_stopping_worker_hands_over_between_two_steps(tmp_path):
    with Installation(tmp_path, lease="60s") as site:
        site.start("scheduler")
        workers = {worker.pid: worker for worker in (site.start_worker(), site.start_worker())}
        promotion = site.ask("promote", "dev", site.ask("discover", "guestbook"))
        owner = site.ask("wait_for_step", promotion, 0, ["Running", "Succeeded"], 30)
        stopped = workers[int(owner.split(":")[1])]

        stopped.terminate()
        asked_at = time.monotonic()
        end = site.ask("wait_for_end", promotion, 30)

        stopped.wait(20)
        record = site.ask("look", promotion)
        assert end["phase"] == "Succeeded"
        assert time.monotonic() - asked_at < 30, "the lease of 60 s was waited for"
        assert check_record(record, interrupted=()) == []
        assert [step["tries"] for step in record["steps"] if step["status"] == "Succeeded"] == [1] * 9
        assert "This worker shuts down; another one goes on from here." in [text for _, text in record["log"]]
