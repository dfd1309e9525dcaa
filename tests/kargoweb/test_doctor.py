"""The doctor names what is missing and the remedy."""

from datetime import timedelta

import pytest
from django.utils import timezone

from kargoweb.doctor import State, examine, to_json
from projects.actors import OPERATOR
from projects.credentials import set_credential
from projects.heartbeats import beat
from tests.factories import make_project, make_warehouse

pytestmark = pytest.mark.django_db


def finding(name, *, now=None):
    return next(f for f in examine(now=now or timezone.now()) if f.name == name)


def test_everything_that_is_there_is_ok():
    beat("worker", now=timezone.now())

    states = {f.name: f.state for f in examine(now=timezone.now())}

    assert states["database"] == states["migrations"] == states["git"] == states["workers"] == State.OK


def test_without_a_worker_promotions_cannot_run():
    seen = finding("workers")

    assert (seen.state, seen.evidence) == (State.FAILED, "none was ever seen")
    assert "kargoweb up" in seen.remedy


def test_a_silent_worker_is_named_with_the_time():
    now = timezone.now()
    beat("worker", now=now - timedelta(minutes=5))

    seen = finding("workers", now=now)

    assert seen.state == State.FAILED
    assert seen.evidence.startswith("no sign of life since ")


def test_a_broker_that_does_not_answer_is_named_without_its_password(settings):
    settings.CELERY_BROKER_URL = "redis://user:hunter2@127.0.0.1:1/0"

    seen = finding("broker")

    assert seen.state == State.FAILED
    assert "127.0.0.1:1" in seen.evidence
    assert "hunter2" not in seen.evidence
    assert "waits in the database" in seen.remedy


def test_a_failed_warehouse_is_a_warning():
    make_warehouse(make_project("shop"), "app", phase="Failed", message="git.example.com refused the credentials")

    seen = finding("warehouses")

    assert seen.state == State.WARNING
    assert "shop/app: git.example.com refused the credentials" in seen.evidence


def test_the_report_fails_when_one_check_fails():
    report = to_json(examine(now=timezone.now()))

    assert report["ok"] is False
    assert {"name", "state", "evidence", "remedy"} == set(report["findings"][0])


def test_credentials_that_end_soon_are_named():
    today = timezone.now().date()
    for name, days in (("fresh", 15), ("soon", 14), ("over", -1)):
        set_credential(
            OPERATOR,
            project=None,
            name=name,
            kind="generic",
            secrets={"a": "b"},
            expires_on=today + timedelta(days=days),
            now=timezone.now(),
        )

    seen = finding("credentials")

    assert seen.state == State.WARNING
    assert f"shared/over expired on {today - timedelta(days=1)}; shared/soon expires on" in seen.evidence
    assert "fresh" not in seen.evidence


def test_credentials_of_another_key_are_named_with_the_command_that_helps(settings):
    set_credential(OPERATOR, project=None, name="bot", kind="generic", secrets={"a": "b"}, now=timezone.now())
    settings.SECRET_KEY = "another key of at least fifty characters, so it is long enough"

    seen = finding("credentials")

    assert seen.state == State.FAILED
    assert "kargoweb rotate-key" in seen.remedy
