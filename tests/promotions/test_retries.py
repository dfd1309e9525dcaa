"""Retry from here: the same promotion goes on, and nothing of what was is lost."""

from datetime import timedelta

import pytest
from django.utils import timezone

from projects.actors import Actor
from projects.models import AuditEntry, Event
from promotions.engine import is_done_with, read_site, sweep, workspace
from promotions.errors import PromotionRefused
from promotions.models import Promotion, Stage
from promotions.phases import Phase
from promotions.retries import retry_promotion
from tests.factories import make_freight, make_project, make_stage, make_warehouse
from tests.promotions.driving import ask, drain, fresh_after_drain, log_of, look, promote

pytestmark = pytest.mark.django_db(transaction=True)

WRITE = {
    "uses": "file-write",
    "as": "write",
    "config": {"path": "a.yaml", "contents": "${{ quote('tag: old\\n') }}", "overwrite": False},
}
TOLD = {"uses": "compose-output", "as": "told", "config": {"who": "first"}}
# Fails until somebody writes {"ready": true} on the stage.
GATE = {
    "uses": "fail",
    "as": "gate",
    "if": "${{ !(stageMetadata(ctx.stage)?.ready ?? false) }}",
    "config": {"message": "not ready"},
}
AFTER = {
    "uses": "yaml-update",
    "as": "after",
    "config": {"path": "a.yaml", "updates": [{"key": "tag", "value": "${{ outputs.told.who }}"}]},
}


@pytest.fixture
def warehouse():
    return make_warehouse(make_project())


@pytest.fixture
def failed(warehouse):
    stage = make_stage(warehouse.project, warehouse=warehouse, steps=[WRITE, TOLD, GATE, AFTER])
    promotion = promote(stage, make_freight(warehouse))
    assert promotion.phase == Phase.FAILED
    return promotion


def retry(actor, promotion, from_step=None, **options):
    return retry_promotion(actor, promotion, from_step=from_step, rights=None, now=timezone.now(), **options)


def make_ready(promotion):
    Stage.objects.filter(pk=promotion.stage_id).update(metadata={"ready": True})


@pytest.fixture
def bob():
    return Actor(label="email:bob@example.com", name="bob")


def test_goes_on_at_the_failed_step_with_outputs_and_work_tree_kept(failed, bob):
    before = look(failed)
    make_ready(failed)

    retried = look(fresh_after_drain(retry(bob, failed, note="flag is set now")))

    assert retried.phase == Phase.SUCCEEDED
    assert retried.statuses == {"write": "Succeeded", "told": "Succeeded", "gate": "Skipped", "after": "Succeeded"}
    assert retried.steps["write"].started_at == before.steps["write"].started_at
    assert retried.steps["write"].tries == 1
    assert retried.output("after")["commitMessage"].endswith("tag: first")


def test_how_the_earlier_attempt_ended_stays_on_record(failed, bob):
    retry(bob, failed, note="flag is set now")

    attempt = failed.attempts.get()
    assert (attempt.number, attempt.phase, attempt.retried_by, attempt.note) == (
        1,
        "Failed",
        "bob",
        "flag is set now",
    )
    assert [(step["alias"], step["status"]) for step in attempt.steps] == [
        ("write", "Succeeded"),
        ("told", "Succeeded"),
        ("gate", "Failed"),
        ("after", "Skipped"),
    ]
    assert attempt.message == 'step "gate": failed: not ready'
    failed.refresh_from_db()
    assert (failed.attempt, failed.message, failed.finished_at) == (2, "", None)


def test_it_is_told_in_log_audit_and_events(failed, bob):
    drain()
    fresh_after_drain(retry(bob, failed))

    assert "Attempt 2, asked for by bob, begins at step 3" in log_of(failed)
    entry = AuditEntry.objects.get(action="retried")
    assert (entry.actor_name, entry.facts) == ("bob", {"attempt": 2, "from step": "gate"})
    kinds = list(Event.objects.order_by("id").values_list("kind", flat=True))
    assert kinds == ["PromotionCreated", "PromotionFailed", "PromotionRetried", "PromotionFailed"]


def test_an_earlier_step_may_be_chosen_and_runs_again(failed, bob):
    make_ready(failed)

    retried = look(fresh_after_drain(retry(bob, failed, from_step=1)))

    assert retried.phase == Phase.SUCCEEDED
    assert retried.promotion.first_step == 1
    assert log_of(failed).count("Step 1 of 4: write (file-write)") == 1
    assert log_of(failed).count("Step 2 of 4: told (compose-output)") == 2


def test_from_the_first_step_on_the_work_tree_is_new(failed, bob):
    """file-write refuses a file that exists: with the old work tree the step would fail."""
    make_ready(failed)

    assert fresh_after_drain(retry(bob, failed, from_step=0)).phase == Phase.SUCCEEDED


def test_without_its_work_tree_it_starts_again_at_the_first_step_and_says_so(failed, bob):
    workspace.remove_workspace(read_site().work_dir, failed)
    make_ready(failed)

    retried = fresh_after_drain(retry(bob, failed))

    assert retried.phase == Phase.SUCCEEDED
    assert "The work tree is gone; starting again at the first step." in log_of(failed)


@pytest.mark.parametrize("from_step", [3, 4, -1])
def test_a_step_behind_the_failed_one_cannot_be_chosen(failed, bob, from_step):
    with pytest.raises(PromotionRefused, match="can be retried from step 3 or an earlier one"):
        retry(bob, failed, from_step=from_step)

    assert not failed.attempts.exists()


def test_what_succeeded_cannot_be_retried(warehouse, bob):
    stage = make_stage(warehouse.project, warehouse=warehouse, steps=[TOLD])
    done = promote(stage, make_freight(warehouse))

    with pytest.raises(PromotionRefused, match="only one that failed or errored can be retried"):
        retry(bob, done)


def test_a_second_click_finds_it_retried_already(failed, bob):
    retry(bob, failed)

    with pytest.raises(PromotionRefused, match="is queued"):
        retry(bob, failed)

    assert failed.attempts.count() == 1


def test_it_waits_its_turn_before_younger_promotions(failed, warehouse, bob):
    stage = failed.stage
    other = make_freight(warehouse)
    make_ready(failed)
    running, waiting = ask(stage, other), ask(stage, other)
    retry(bob, failed)

    drain()

    order = Promotion.objects.filter(pk__in=[failed.pk, running.pk, waiting.pk]).order_by("finished_at")
    assert [promotion.number for promotion in order] == [running.number, failed.number, waiting.number]


def test_a_work_tree_of_a_failed_promotion_is_kept_for_a_while_only(failed):
    site = read_site()
    now = timezone.now()
    assert workspace.is_there(site.work_dir, failed)

    sweep(site.work_dir, kept=timedelta(hours=1), now=now + timedelta(minutes=59))
    assert workspace.is_there(site.work_dir, failed)
    sweep(site.work_dir, kept=timedelta(hours=1), now=now + timedelta(minutes=61))

    assert not workspace.is_there(site.work_dir, failed)
    failed.refresh_from_db()
    assert failed.work_tree_removed_at is not None


def test_a_work_tree_in_use_is_never_done_with(failed, bob):
    retry(bob, failed)
    failed.refresh_from_db()

    assert not is_done_with(failed, kept=timedelta(0), now=timezone.now() + timedelta(days=1))


def test_health_checks_of_steps_that_run_again_are_forgotten(failed, bob):
    Promotion.objects.filter(pk=failed.pk).update(
        health_checks=[
            {"uses": "argocd-update", "config": {}, "step": 1},
            {"uses": "argocd-update", "config": {}, "step": 2},
        ]
    )

    retry(bob, failed)

    failed.refresh_from_db()
    assert [check["step"] for check in failed.health_checks] == [1]
