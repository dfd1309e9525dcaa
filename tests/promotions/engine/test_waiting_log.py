"""What the log tells of a step that waits: each piece of news once, however often it looks."""

import pytest

from promotions.phases import Phase
from tests.factories import make_freight, make_project, make_stage, make_warehouse
from tests.promotions.driving import ask, drain, fresh_after_drain, later, log_of
from tests.promotions.webserver import TellingServer

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_wait_is_told_once_until_something_changes():
    answers = {1: (202, b"{}"), 2: (202, b"{}"), 3: (203, b"{}"), 4: (203, b"{}")}
    with TellingServer(lambda path, number: answers.get(number)) as server:
        step = server.step("build")
        step["config"] |= {"successExpression": "response.status == 200", "pollInterval": "10s"}
        warehouse = make_warehouse(make_project())
        promotion = ask(make_stage(warehouse.project, warehouse=warehouse, steps=[step]), make_freight(warehouse))
        for _ in range(4):
            drain(later())
        ended = fresh_after_drain(promotion, later())

    assert ended.phase == Phase.SUCCEEDED
    assert len(server.seen) == 5
    lines = log_of(ended)
    assert sum("(202)" in line for line in lines) == 1
    assert sum("(203)" in line for line in lines) == 1
    assert sum(line.startswith("Step 1 of 1") for line in lines) == 1
    assert lines[-1] == "Succeeded"
