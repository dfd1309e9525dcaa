"""One pass: waits, retries, time-outs, aborts, refusals, and what a worker without a lease may do (nothing)."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from projects.actors import OPERATOR, controller
from projects.credentials import set_credential
from projects.leases import claim
from promotions.engine import read_site, run_pass
from promotions.models import Promotion, Stage, StepRun
from promotions.phases import Phase
from promotions.requests import abort_promotion, delete_stage
from tests.factories import make_freight, make_project, make_stage, make_warehouse
from tests.promotions.driving import (
    MINUTE,
    ask,
    drain,
    fresh_after_drain,
    in_thread,
    later,
    log_of,
    look,
    promote,
    run_steps,
    wait_until,
)
from tests.promotions.webserver import SilentServer, TellingServer

pytestmark = pytest.mark.django_db(transaction=True)

OK = {"uses": "compose-output", "as": "ok", "config": {"value": 1}}
STRICT = {"uses": "delete", "as": "gone", "config": {"path": "./gone", "strict": True}}


@pytest.fixture
def warehouse():
    return make_warehouse(make_project())


@pytest.fixture
def freight(warehouse):
    return make_freight(warehouse)


@pytest.fixture
def stage_of(warehouse):
    return lambda *steps, **more: make_stage(warehouse.project, warehouse=warehouse, steps=steps, **more)


def test_a_step_that_waits_is_looked_at_again_when_it_asked_to_be(stage_of, freight):
    with TellingServer(lambda path, number: (503, b"") if number == 1 else (200, b"{}")) as server:
        promotion = promote(stage_of(server.step("ask"), OK), freight)
        step = look(promotion).steps["ask"]
        assert (promotion.phase, step.status, step.error_count) == (Phase.RUNNING, "Running", 0)
        assert "HTTP (503) response is not a success" in step.message
        assert timedelta(seconds=20) < promotion.due_at - timezone.now() <= timedelta(seconds=30)
        assert promotion.lease_token is None, "a waiting promotion holds no worker"

        ended = fresh_after_drain(promotion, later())

    assert ended.phase == Phase.SUCCEEDED
    assert [look(ended).steps[alias].tries for alias in ("ask", "ok")] == [2, 1]


def test_a_wait_that_takes_too_long_ends_the_step(stage_of, freight):
    with TellingServer(lambda *_: (503, b"")) as server:
        promotion = promote(stage_of(server.step("ask", retry={"timeout": "5m"})), freight)
        StepRun.objects.update(started_at=timezone.now() - 6 * MINUTE)

        ended = fresh_after_drain(promotion, later())

    assert ended.phase == Phase.ERRORED
    assert ended.message == 'step "ask" timed out after 0:05:00'


def test_an_error_is_tried_again_until_the_threshold(stage_of, freight):
    promotion = promote(stage_of({**STRICT, "retry": {"errorThreshold": 3}}), freight)
    step = look(promotion).steps["gone"]
    assert (promotion.phase, step.status, step.error_count) == (Phase.RUNNING, "Running", 1)
    assert step.message.endswith("; step will be retried")
    assert timedelta(seconds=2) < promotion.due_at - timezone.now() <= timedelta(seconds=5)

    second = fresh_after_drain(promotion, later())
    assert (second.phase, look(second).steps["gone"].error_count) == (Phase.RUNNING, 2)
    assert timedelta(seconds=4) < second.due_at - timezone.now() <= timedelta(seconds=10)
    third = fresh_after_drain(second, later())

    assert third.phase == Phase.ERRORED
    assert third.message.startswith('step "gone" met error threshold of 3: ')
    assert look(third).steps["gone"].error_count == 3


def test_errors_of_the_network_are_tried_three_times_without_being_asked_to(stage_of, freight):
    with SilentServer() as server:
        address = server.url
    promotion = promote(stage_of({"uses": "http", "as": "ask", "config": {"url": address}}), freight)
    assert (promotion.phase, look(promotion).steps["ask"].error_count) == (Phase.RUNNING, 1)

    fresh_after_drain(promotion, later())
    ended = fresh_after_drain(promotion, later())

    assert ended.phase == Phase.ERRORED
    assert "Cannot reach 127.0.0.1" in ended.message


def test_each_step_begins_its_own_back_off(stage_of, freight):
    with TellingServer(lambda *_: (200, b"{}")) as server:
        stage = stage_of(
            {**STRICT, "as": "first", "retry": {"errorThreshold": 3}, "continueOnError": True},
            server.step("between"),
            {**STRICT, "as": "second", "retry": {"errorThreshold": 3}},
        )
        promotion = promote(stage, freight)
        fresh_after_drain(promotion, later())
        third = fresh_after_drain(promotion, later())

    assert look(third).statuses == {"first": "Errored", "between": "Succeeded", "second": "Running"}
    assert third.due_at - timezone.now() <= timedelta(seconds=5)


def test_a_command_that_hangs_is_killed_at_its_time_limit(stage_of, freight):
    with SilentServer() as server:
        clone = {"repoURL": f"{server.url}/x.git", "checkout": [{"path": "./src"}]}
        stage = stage_of({"uses": "git-clone", "as": "clone", "config": clone, "retry": {"timeout": "1s"}})

        promotion = promote(stage, freight)

        assert not list_commands_to(server)
    assert promotion.phase == Phase.ERRORED
    assert promotion.message == 'step "clone" timed out after 0:00:01'


def test_an_abort_kills_what_the_running_step_started(stage_of, freight):
    with SilentServer() as server:
        clone = {"repoURL": f"{server.url}/x.git", "checkout": [{"path": "./src"}]}
        promotion = ask(
            stage_of(OK, {"uses": "git-clone", "as": "clone", "config": clone}, {**OK, "as": "c"}), freight
        )
        worker = in_thread(drain)
        wait_until(server.connected.is_set)
        assert list_commands_to(server)

        abort_promotion(controller("alice"), promotion, now=timezone.now())
        worker.join()

        assert not list_commands_to(server)
    drain()
    run = look(promotion)
    assert (run.phase, run.promotion.message) == (Phase.ABORTED, "Promotion terminated by alice")
    assert run.statuses == {"ok": "Succeeded", "clone": "Aborted", "c": ""}
    assert run.steps["clone"].finished_at is not None
    assert not list(read_site().work_dir.glob(f"{promotion.pk}-*"))
    assert promotion.stage.occupancies.count() == 0


def list_commands_to(server):
    """Processes whose command line names the server."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if f":{server.port}/".encode() in path.read_bytes():
                found.append(path)
        except OSError:
            continue  # it ended meanwhile
    return found


def test_an_abort_between_passes_ends_the_step_that_waits(stage_of, freight):
    with TellingServer(lambda *_: (503, b"")) as server:
        promotion = promote(stage_of(server.step("ask")), freight)
        abort_promotion(controller("alice"), promotion, now=timezone.now())

        run = look(fresh_after_drain(promotion))

    assert (run.phase, run.statuses) == (Phase.ABORTED, {"ask": "Aborted"})
    assert server.seen == ["/ask"]


def test_a_worker_that_lost_its_lease_writes_nothing(stage_of, freight):
    promotion = None

    def answer(path, number):
        if number == 2:
            return 200, b'{"by": "second"}'
        assert wait_for_end_of(promotion)
        return 200, b'{"by": "first"}'

    def wait_for_end_of(promotion):
        wait_until(lambda: Promotion.objects.filter(pk=promotion.pk, phase=Phase.SUCCEEDED).exists())
        connection.close()
        return True

    with TellingServer(answer) as server:
        asked = server.step("ask")
        asked["config"]["outputs"] = [{"name": "by", "fromExpression": "response.body.by"}]
        stage = stage_of(asked, {**OK, "config": {"value": "${{ outputs.ask.by }}"}})
        promotion = ask(stage, freight)
        paused = in_thread(run_pass, promotion.pk, site=read_site())
        wait_until(lambda: server.seen)

        # As after a pause longer than the lease: a second worker finds the row.
        Promotion.objects.filter(pk=promotion.pk).update(lease_until=timezone.now() - MINUTE)
        drain()
        after = look(promotion)
        lines = log_of(promotion)
        paused.join()

    run = look(promotion)
    assert run.phase == Phase.SUCCEEDED
    assert (run.output("ask"), run.output("ok")) == ({"by": "second"}, {"value": "second"})
    assert (run.promotion.version, log_of(promotion)) == (after.promotion.version, lines)
    assert run.steps["ask"].finished_at == after.steps["ask"].finished_at


def test_a_promotion_that_another_worker_holds_is_left_alone(stage_of, freight):
    promotion = ask(stage_of(OK), freight)
    assert claim(Promotion, promotion.pk, now=timezone.now(), length=MINUTE)

    drain()

    promotion.refresh_from_db()
    assert promotion.phase == Phase.PENDING


def test_an_ended_promotion_is_never_run_again(stage_of, freight):
    with TellingServer() as server:
        promotion = promote(stage_of(server.step("ask")), freight)
        Promotion.objects.filter(pk=promotion.pk).update(due_at=timezone.now())

        drain()

    assert server.seen == ["/ask"]


def test_a_stage_edited_meanwhile_does_not_change_what_runs(stage_of, freight):
    with TellingServer(lambda path, number: (503, b"") if number == 1 else None) as server:
        stage = stage_of(server.step("ask"), OK)
        promotion = promote(stage, freight)
        template = {"spec": {"steps": [{"uses": "fail", "as": "other"}]}}
        Stage.objects.update(spec={**stage.spec, "promotionTemplate": template}, generation=2)

        run = look(fresh_after_drain(promotion, later()))

    assert (run.phase, run.statuses) == (Phase.SUCCEEDED, {"ask": "Succeeded", "ok": "Succeeded"})


def test_a_stage_that_no_longer_takes_the_origin_ends_the_promotion(stage_of, freight):
    with TellingServer(lambda *_: (503, b"")) as server:
        stage = stage_of(server.step("ask"))
        promotion = promote(stage, freight)
        make_warehouse(stage.project, "other")
        request = {"origin": {"kind": "Warehouse", "name": "other"}, "sources": {"direct": True}}
        Stage.objects.update(spec={**stage.spec, "requestedFreight": [request]})

        run = look(fresh_after_drain(promotion, later()))

    assert run.phase == Phase.ERRORED
    assert run.promotion.message == f'Freight "{freight.alias}" is not available to Stage "test" any more.'
    assert run.statuses == {"ask": "Errored"}, "no step goes on running in a promotion that has ended"
    assert server.seen == ["/ask"]


@pytest.mark.parametrize("is_running", [False, True], ids=["waiting", "running"])
def test_a_stage_deleted_meanwhile_ends_its_promotions(stage_of, freight, is_running):
    with TellingServer(lambda *_: (503, b"")) as server:
        stage = stage_of(server.step("ask"))
        promotion = promote(stage, freight) if is_running else ask(stage, freight)
        assert Promotion.objects.get().phase == (Phase.RUNNING if is_running else Phase.PENDING)
        delete_stage(controller("alice"), stage, now=timezone.now())

        run = look(fresh_after_drain(promotion))

    assert run.phase == Phase.ERRORED
    assert run.promotion.message == 'Stage "test" was deleted while this promotion waited or ran.'
    assert not list(read_site().work_dir.glob(f"{promotion.pk}-*")), "nobody else would remove the work tree"


def test_freight_deleted_meanwhile_ends_the_promotion(stage_of, freight):
    promotion = ask(stage_of(OK), freight)
    name = freight.name
    freight.delete()

    run = look(fresh_after_drain(promotion))

    assert run.phase == Phase.ERRORED
    assert run.promotion.message == f'Freight "{promotion.freight_alias}" ({name}) not found: it was deleted.'


def test_secrets_are_masked_wherever_a_step_shows_them(warehouse, freight, stage_of):
    secrets = {"value": "tr0ub4dor&3"}
    set_credential(
        OPERATOR, project=warehouse.project, name="token", kind="generic", secrets=secrets, now=timezone.now()
    )
    template = {"uses": "compose-output", "as": "s", "config": {"value": "${{ secret('token').value }}"}}
    failing = {"uses": "fail", "config": {"message": "${{ outputs.s.value }}"}}

    run = look(promote(stage_of(template, failing), freight))

    shown = f"{run.promotion.message} {run.output('s')} {run.steps['s'].shown_config} {log_of(run.promotion)}"
    assert "tr0ub4dor&3" not in shown
    assert "••••••" in run.promotion.message
    assert b"tr0ub4dor" not in bytes(run.promotion.sealed_state)


def test_the_log_tells_each_step_and_how_it_ended():
    run = run_steps([OK, {**OK, "as": "never", "if": "${{ false }}"}, {"uses": "fail", "config": {"message": "no"}}])

    lines = log_of(run.promotion)
    assert lines[0].endswith("to test, asked for by test")
    assert "Step 1 of 3: ok (compose-output)" in lines
    assert "Step 2 of 3: never. Skipped: ${{ false }} is false" in lines
    assert 'Failed: step "step-3": failed: no' in lines
