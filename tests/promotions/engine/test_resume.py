"""Cut at any point, a promotion goes on where it was: nothing that finished runs again, nothing is lost."""

import dataclasses
import shutil
import signal
import uuid
from collections import Counter

import pytest
from django.utils import timezone

from projects import shutdown
from promotions.engine import read_site, run_pass
from promotions.models import LogBatch, Promotion
from promotions.phases import Phase
from tests.factories import make_freight, make_project, make_stage, make_warehouse
from tests.promotions.driving import MINUTE, ask, drain, log_of, look, promote
from tests.promotions.engine.worker import let_lease_run_out, start_worker
from tests.promotions.webserver import TellingServer

pytestmark = pytest.mark.django_db(transaction=True)

NAMES = ("one", "two", "three")


@pytest.fixture
def warehouse():
    return make_warehouse(make_project())


@pytest.fixture(autouse=True)
def no_shutdown_left():
    yield
    shutdown.requested.clear()


def test_a_worker_killed_inside_any_step_costs_that_step_alone(warehouse):
    workers = []

    def kill_at_first_call(path, number):
        if number == 1:
            workers[-1].send_signal(signal.SIGKILL)
            workers[-1].wait()

    with TellingServer(kill_at_first_call) as server:
        stage = make_stage(warehouse.project, warehouse=warehouse, steps=[server.step(name) for name in NAMES])
        promotion = ask(stage, make_freight(warehouse))
        for _ in NAMES:
            workers.append(start_worker(promotion))
            assert workers[-1].wait(60) == -signal.SIGKILL
            let_lease_run_out(promotion)
        drain()

    run = look(promotion)
    assert run.phase == Phase.SUCCEEDED
    assert Counter(server.seen) == {f"/{name}": 2 for name in NAMES}
    assert {name: step.tries for name, step in run.steps.items()} == dict.fromkeys(NAMES, 2)
    check_log(promotion)


@pytest.mark.parametrize("cut_after", NAMES)
def test_a_worker_killed_between_two_steps_costs_no_step(warehouse, cut_after):
    def stop_after(path, number):
        if path == f"/{cut_after}":
            shutdown.requested.set()

    with TellingServer(stop_after) as server:
        steps = [*(server.step(name) for name in NAMES), server.step("last")]
        stage = make_stage(warehouse.project, warehouse=warehouse, steps=steps)
        promotion = promote_until_shutdown(stage, make_freight(warehouse))
        # What a killed worker leaves: its lease, and nothing due.
        Promotion.objects.filter(pk=promotion.pk).update(
            due_at=None, lease_token=uuid.uuid4(), lease_until=timezone.now() - MINUTE
        )

        drain()

    run = look(promotion)
    assert run.phase == Phase.SUCCEEDED
    assert server.seen == ["/one", "/two", "/three", "/last"]
    assert all(step.tries == 1 for step in run.steps.values())
    check_log(promotion)


def promote_until_shutdown(stage, freight):
    """Run one pass of a worker that is asked to stop on the way."""
    promotion = ask(stage, freight)
    run_pass(promotion.pk, site=read_site())
    assert shutdown.requested.is_set()
    shutdown.requested.clear()
    promotion.refresh_from_db()
    return promotion


def test_a_clean_shutdown_hands_over_at_the_next_step(warehouse):
    with TellingServer(lambda path, number: shutdown.requested.set() if path == "/one" else None) as server:
        stage = make_stage(warehouse.project, warehouse=warehouse, steps=[server.step(name) for name in NAMES])
        promotion = promote_until_shutdown(stage, make_freight(warehouse))
        assert (promotion.phase, promotion.current_step, promotion.lease_token) == (Phase.RUNNING, 1, None)
        assert promotion.due_at <= timezone.now(), "due at once, not after a lease"
        assert look(promotion).statuses == {"one": "Succeeded", "two": "", "three": ""}
        assert log_of(promotion)[-1] == "This worker shuts down; another one goes on from here."

        drain()

    assert look(promotion).phase == Phase.SUCCEEDED
    assert server.seen == ["/one", "/two", "/three"]


def test_outputs_and_files_survive_the_change_of_workers(warehouse):
    with TellingServer(lambda *_: shutdown.requested.set()) as server:
        steps = [
            {"uses": "file-write", "config": {"path": "a.txt", "contents": "kept"}},
            {"uses": "compose-output", "as": "made", "config": {"value": "${{ [1, 2] }}"}},
            server.step("cut"),
            {"uses": "copy", "config": {"inPath": "a.txt", "outPath": "b.txt"}},
            {"uses": "compose-output", "as": "read", "config": {"value": "${{ outputs.made.value[1] }}"}},
        ]
        stage = make_stage(warehouse.project, warehouse=warehouse, steps=steps)
        promotion = promote_until_shutdown(stage, make_freight(warehouse))

        drain()

    run = look(promotion)
    assert (run.phase, run.promotion.message) == (Phase.SUCCEEDED, "")
    assert run.output("read") == {"value": 2}


def test_a_lost_work_tree_means_the_first_step_again_with_the_outputs_kept(warehouse):
    with TellingServer(
        lambda path, number: shutdown.requested.set() if (path, number) == ("/cut", 1) else None
    ) as server:
        steps = [
            {
                "uses": "compose-output",
                "as": "first",
                "config": {"seen": "${{ 'second' in outputs ? outputs.second.value : 'nothing' }}"},
            },
            {"uses": "compose-output", "as": "second", "config": {"value": "left by the first run"}},
            server.step("cut"),
            server.step("last"),
        ]
        stage = make_stage(warehouse.project, warehouse=warehouse, steps=steps)
        promotion = promote_until_shutdown(stage, make_freight(warehouse))
        assert look(promotion).output("first") == {"seen": "nothing"}
        (workdir,) = read_site().work_dir.glob(f"{promotion.pk}-*")
        shutil.rmtree(workdir)

        drain()

    run = look(promotion)
    assert run.phase == Phase.SUCCEEDED
    assert run.output("first") == {"seen": "left by the first run"}
    assert server.seen == ["/cut", "/cut", "/last"]
    assert "The work tree is gone; starting again at the first step." in log_of(promotion)


def test_steps_are_set_back_before_the_new_work_tree_is_made(warehouse, tmp_path):
    """A worker killed between the two leaves no empty directory in which the next one would go on."""
    (tmp_path / "work").write_text("in the way: no directory can be made here")
    with TellingServer(lambda *_: shutdown.requested.set()) as server:
        stage = make_stage(warehouse.project, warehouse=warehouse, steps=[server.step(name) for name in NAMES])
        promotion = promote_until_shutdown(stage, make_freight(warehouse))
        assert promotion.current_step == 1

        drain(site=dataclasses.replace(read_site(), work_dir=tmp_path / "work"))

    run = look(promotion)
    assert run.phase == Phase.ERRORED
    assert (run.promotion.current_step, run.statuses) == (0, dict.fromkeys(NAMES, ""))


def test_the_work_tree_is_private(warehouse):
    with TellingServer(lambda *_: (503, b"")) as server:
        stage = make_stage(warehouse.project, warehouse=warehouse, steps=[server.step("wait")])
        promotion = promote(stage, make_freight(warehouse))

        (workdir,) = read_site().work_dir.glob(f"{promotion.pk}-*")

    assert workdir.stat().st_mode & 0o777 == 0o700


def check_log(promotion):
    """Numbers count from 1 without gaps, whoever wrote."""
    promotion.refresh_from_db()
    expected = 1
    for batch in LogBatch.objects.filter(promotion=promotion).order_by("first_line"):
        assert batch.first_line == expected
        assert batch.last_line - batch.first_line + 1 == len(batch.lines)
        expected = batch.last_line + 1
    assert promotion.log_line_count == expected - 1
