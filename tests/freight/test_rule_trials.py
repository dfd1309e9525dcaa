"""Trials of rules as workers do them."""

from datetime import timedelta

import pytest
from celery import current_app
from django.utils import timezone

from freight import tasks
from freight.models import RuleTrial, TrialPhase
from tests.factories import make_project, make_warehouse

pytestmark = pytest.mark.django_db(transaction=True)


def make_trial(repo: str, **fields) -> RuleTrial:
    now = timezone.now()
    rule = {"image": {"repoURL": repo, "imageSelectionStrategy": "Lexical", "discoveryLimit": 2}}
    values = {"subscription": rule, "text": "", "requested_by": "admin", "created_at": now, "due_at": now, **fields}
    return RuleTrial.objects.create(warehouse=make_warehouse(make_project()), position=0, **values)


def test_the_tick_hands_due_trials_to_workers():
    trial = make_trial("ghcr.io/acme/app")
    with current_app.connection() as connection, connection.SimpleQueue("celery") as queue:
        while queue.qsize():
            queue.get_nowait().ack()
        tasks.tick()
        message = queue.get_nowait()
        message.ack()

    assert (message.headers["task"], message.payload[0]) == ("freight.run_rule_trial", [trial.pk])


def test_a_trial_left_behind_by_a_dead_worker_is_done_by_another(oci):
    for tag in ("a", "b", "c"):
        oci.push_image("app", tag)
    gone = timezone.now() - timedelta(minutes=5)
    trial = make_trial(f"{oci.host}/app", due_at=None, lease_until=gone, phase=TrialPhase.RUNNING)

    tasks.run_rule_trial(trial.pk)

    trial.refresh_from_db()
    assert (trial.phase, trial.error, trial.lease_until) == (TrialPhase.READY, "", None)
    assert [item["tag"] for item in trial.found] == ["c", "b"]
    assert [count for _, count in trial.ignored_by_rule] == [1]


def test_a_trial_that_ended_is_not_done_again(oci):
    trial = make_trial(f"{oci.host}/app", due_at=None, phase=TrialPhase.READY, found=[{"tag": "kept"}])

    tasks.run_rule_trial(trial.pk)

    assert RuleTrial.objects.get().found == [{"tag": "kept"}]


def test_the_sweep_forgets_trials_of_yesterday():
    make_trial("ghcr.io/acme/app", due_at=None, created_at=timezone.now() - timedelta(days=2))

    tasks.sweep()

    assert not RuleTrial.objects.exists()
