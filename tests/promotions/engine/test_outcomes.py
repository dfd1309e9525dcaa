"""One try of a step -> how it stands, and the steps -> how the promotion ended."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.errors import NotFound, Unreachable
from promotions.engine.outcomes import Limits, StepEnd, backoff, final_phase, judge
from promotions.phases import Phase, StepStatus
from promotions.steps.base import Done, HealthCheck, Skipped, StepErrored, StepFailed, Waiting

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
ONCE = Limits(error_threshold=1, timeout=None)


def verdict_of(result, *, limits=ONCE, error_count=0, running_for=timedelta(0)):
    return judge(result, alias="push", error_count=error_count, started_at=NOW - running_for, now=NOW, limits=limits)


def test_success_finishes_and_keeps_output_and_health_check():
    check = HealthCheck("argocd-update", {"apps": []})

    verdict = verdict_of(Done({"commit": "abc"}, health_check=check))

    assert (verdict.status, verdict.is_finished) == (StepStatus.SUCCEEDED, True)
    assert verdict.output == {"commit": "abc"}
    assert verdict.health_check == check


def test_a_step_that_skips_itself_finishes_and_keeps_its_output():
    verdict = verdict_of(Skipped({"commit": "abc"}, "nothing to commit"))

    assert (verdict.status, verdict.is_finished, verdict.output) == (StepStatus.SKIPPED, True, {"commit": "abc"})


@pytest.mark.parametrize(
    ("wanted", "wait"),
    [
        (None, timedelta(minutes=5)),
        (timedelta(seconds=1), timedelta(seconds=10)),
        (timedelta(seconds=45), timedelta(seconds=45)),
    ],
    ids=["default", "not below ten seconds", "as wished"],
)
def test_a_waiting_step_is_looked_at_again(wanted, wait):
    verdict = verdict_of(Waiting("PR is open", wanted))

    assert (verdict.status, verdict.is_finished, verdict.check_again_in) == (StepStatus.RUNNING, False, wait)
    assert not verdict.is_error


def test_the_wait_does_not_overshoot_the_time_limit():
    limits = Limits(1, timedelta(minutes=1))

    verdict = verdict_of(Waiting("", timedelta(minutes=5)), limits=limits, running_for=timedelta(seconds=50))

    assert verdict.check_again_in == timedelta(seconds=11)


def test_a_waiting_step_times_out():
    verdict = verdict_of(
        Waiting("still open"), limits=Limits(1, timedelta(minutes=1)), running_for=timedelta(seconds=61)
    )

    assert (verdict.status, verdict.is_finished) == (StepStatus.ERRORED, True)
    assert verdict.message == 'step "push" timed out after 0:01:00'


def test_success_counts_even_after_the_time_limit():
    verdict = verdict_of(Done(), limits=Limits(1, timedelta(seconds=1)), running_for=timedelta(hours=1))

    assert verdict.status == StepStatus.SUCCEEDED


def test_a_refusal_is_final_whatever_the_threshold():
    verdict = verdict_of(StepFailed("conflict in values.yaml"), limits=Limits(5, None))

    assert (verdict.status, verdict.is_finished) == (StepStatus.FAILED, True)
    assert verdict.message == 'step "push": conflict in values.yaml'


def test_a_refusal_that_may_be_retried_ends_as_failed_at_the_threshold():
    limits = Limits(2, None)

    first = verdict_of(StepFailed("not ready", retry=True), limits=limits)
    second = verdict_of(StepFailed("not ready", retry=True), limits=limits, error_count=1)

    assert (first.status, first.is_finished, first.is_error) == (StepStatus.RUNNING, False, True)
    assert (second.status, second.is_finished) == (StepStatus.FAILED, True)


def test_an_ordinary_error_ends_at_the_default_threshold_of_one():
    verdict = verdict_of(StepErrored("no such file"))

    assert (verdict.status, verdict.is_finished, verdict.error_count) == (StepStatus.ERRORED, True, 1)
    assert verdict.message == 'error running step "push": no such file'


def test_below_the_threshold_the_step_waits_for_another_try():
    verdict = verdict_of(StepErrored("busy"), limits=Limits(3, None), error_count=1)

    assert (verdict.status, verdict.is_finished, verdict.error_count) == (StepStatus.RUNNING, False, 2)
    assert verdict.message.endswith("; step will be retried")


def test_the_message_names_the_threshold_that_was_met():
    verdict = verdict_of(StepErrored("busy"), limits=Limits(3, None), error_count=2)

    assert verdict.message == 'step "push" met error threshold of 3: error running step "push": busy'


def test_a_permanent_error_ends_at_once():
    verdict = verdict_of(StepErrored("bad glob", permanent=True), limits=Limits(5, None))

    assert verdict.is_finished
    assert verdict.message.startswith("an unrecoverable error occurred: ")


def test_a_transient_error_of_an_outside_system_gets_three_tries():
    outcomes = [verdict_of(Unreachable("connection refused"), error_count=n).is_finished for n in range(3)]

    assert outcomes == [False, False, True]


def test_a_permanent_error_of_an_outside_system_gets_one_try():
    assert verdict_of(NotFound("no such repository"), limits=Limits(5, None)).is_finished


def test_a_crash_of_step_code_ends_the_step_and_names_the_crash():
    verdict = verdict_of(ZeroDivisionError("division by zero"))

    assert (verdict.status, verdict.is_finished) == (StepStatus.ERRORED, True)
    assert "step panicked: ZeroDivisionError: division by zero" in verdict.message


def test_an_error_keeps_the_output_that_came_with_it():
    assert verdict_of(StepFailed("closed", output={"pr": {"id": 7}})).output == {"pr": {"id": 7}}


@pytest.mark.parametrize(
    ("statuses", "phase"),
    [
        (["Succeeded", "Succeeded"], Phase.SUCCEEDED),
        (["Skipped", "Skipped"], Phase.SUCCEEDED),
        (["Succeeded", "Failed", "Skipped"], Phase.FAILED),
        (["Failed", "Errored"], Phase.ERRORED),
        (["Errored", "Failed"], Phase.ERRORED),
        (["Succeeded", "Aborted"], Phase.ABORTED),
        ([], Phase.SUCCEEDED),
    ],
)
def test_the_worst_step_decides_the_phase(statuses, phase):
    assert final_phase(StepEnd(status, "", False) for status in statuses)[0] == phase


def test_the_message_is_that_of_the_first_worst_step():
    steps = [
        StepEnd("Failed", "first", False),
        StepEnd("Errored", "second", False),
        StepEnd("Errored", "third", False),
    ]

    assert final_phase(steps) == (Phase.ERRORED, "second")


def test_a_step_that_may_fail_does_not_decide_the_phase():
    assert final_phase([StepEnd("Errored", "broke", True), StepEnd("Succeeded", "", False)])[0] == Phase.SUCCEEDED


def test_back_off_doubles_from_five_seconds_to_five_minutes():
    waits = [backoff(round_, jitter=0).total_seconds() for round_ in (1, 2, 3, 4, 7, 50)]

    assert waits == [5, 10, 20, 40, 300, 300]
    assert backoff(3, jitter=1).total_seconds() == 10
