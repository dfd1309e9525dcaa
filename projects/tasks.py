"""Celery tasks of projects: claim by id, one domain call."""

from celery import current_app, shared_task
from django.utils import timezone

from projects import credential_tests, lanes
from projects.credential_tests import TEST_TASK
from projects.leases import list_due
from projects.models import CredentialTest

_HANDED_PER_TICK = 50


@shared_task(name=TEST_TASK)
def run_credential_test(test_id: int) -> None:
    """Try one credential."""
    lanes.passes.run(credential_tests.run_test, test_id)


@shared_task(name="projects.tick")
def tick() -> None:
    """Hand tests that no wake-up told of to workers."""
    for pk in list_due(CredentialTest, timezone.now()).values_list("pk", flat=True)[:_HANDED_PER_TICK]:
        current_app.send_task(TEST_TASK, args=[pk], retry=False, ignore_result=True, expires=30)
