"""Leases: one worker at a time, and what a dead, slow or interrupted one costs."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from projects.leases import claim, kept, list_due, owned, release, renew
from promotions.models import PushLock

pytestmark = pytest.mark.django_db

NOW = timezone.now()
LENGTH = timedelta(seconds=30)
SECOND = timedelta(seconds=1)


def make_row(due_at=NOW, **fields):
    return PushLock.objects.create(key="k", due_at=due_at, **fields)


def take(row, *, now=NOW):
    return claim(PushLock, row.pk, now=now, length=LENGTH)


@pytest.mark.parametrize(
    ("due_at", "lease_until", "waits"),
    [
        (NOW, None, True),
        (NOW + SECOND, None, False),
        (None, None, False),
        (NOW, NOW + SECOND, False),
        (None, NOW + SECOND, False),
        (None, NOW - SECOND, True),
        (NOW + LENGTH, NOW - SECOND, True),
    ],
    ids=["due", "not yet due", "nothing to do", "due again while held", "held", "left behind", "left behind early"],
)
def test_a_row_waits_when_it_is_due_and_free_or_left_behind(due_at, lease_until, waits):
    row = make_row(due_at, lease_until=lease_until)

    assert list_due(PushLock, NOW).filter(pk=row.pk).exists() == waits
    assert (take(row) is not None) == waits


def test_a_claim_says_who_holds_it_and_until_when():
    row = make_row()

    lease = take(row)

    row.refresh_from_db()
    assert (row.due_at, row.lease_token, row.lease_until) == (None, lease.token, NOW + LENGTH)
    host, pid, thread = row.lease_owner.rsplit(":", 2)
    assert host
    assert (pid.isdigit(), thread.isdigit()) == (True, True)


def test_a_release_sets_the_next_look():
    row = make_row()

    assert release(take(row), due_at=NOW + LENGTH)

    row.refresh_from_db()
    assert (row.due_at, row.lease_owner, row.lease_token, row.lease_until) == (NOW + LENGTH, "", None, None)


def test_work_that_arrives_meanwhile_is_not_lost():
    row = make_row()
    lease = take(row)
    PushLock.objects.update(due_at=NOW + SECOND)

    assert release(lease, due_at=None)

    row.refresh_from_db()
    assert row.due_at == NOW + SECOND


def test_a_lost_lease_gives_nothing_away():
    row = make_row()
    lost = take(row)
    taken = take(row, now=NOW + LENGTH)
    assert taken is not None

    assert not owned(lost).exists()
    assert not renew(lost, now=NOW + LENGTH)
    assert not release(lost, due_at=NOW)

    row.refresh_from_db()
    assert (row.lease_token, row.due_at) == (taken.token, None)


def test_a_renewed_lease_lasts_longer():
    row = make_row()
    lease = take(row)

    assert renew(lease, now=NOW + LENGTH / 2)

    assert take(row, now=NOW + LENGTH) is None
    assert take(row, now=NOW + LENGTH * 1.5) is not None


@pytest.mark.django_db(transaction=True)
def test_of_many_that_claim_one_row_at_once_one_gets_it():
    row, won, together = make_row(timezone.now()), [], threading.Barrier(6)

    def run():
        try:
            connection.ensure_connection()
            together.wait()
            won.append(claim(PushLock, row.pk, now=timezone.now(), length=LENGTH))
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(won) == 6
    assert len([lease for lease in won if lease]) == 1


@pytest.mark.django_db(transaction=True)
def test_a_kept_lease_is_renewed_while_the_body_runs():
    row = make_row(timezone.now())
    lease = claim(PushLock, row.pk, now=timezone.now(), length=timedelta(milliseconds=600))
    row.refresh_from_db()
    first = row.lease_until

    with kept(lease) as lost:
        deadline = timezone.now() + timedelta(seconds=10)
        while row.lease_until == first and timezone.now() < deadline:
            row.refresh_from_db()
        assert not lost.is_set()

    assert row.lease_until > first


@pytest.mark.django_db(transaction=True)
def test_the_body_learns_that_its_lease_was_lost():
    row = make_row(timezone.now())
    lease = claim(PushLock, row.pk, now=timezone.now(), length=timedelta(milliseconds=150))

    with kept(lease) as lost:
        PushLock.objects.update(lease_token=None, lease_until=None)

        assert lost.wait(10)
