"""The log of a promotion: numbered without gaps, in order, in small batches, only under the lease."""

import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from projects.leases import claim, release
from promotions.engine.logbook import Logbook
from promotions.engine.masking import MASK, Masker
from promotions.models import Promotion
from tests.factories import make_freight, make_project, make_promotion, make_stage, make_warehouse
from tests.promotions.driving import in_thread, log_of, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def promotion():
    project = make_project()
    warehouse = make_warehouse(project)
    stage = make_stage(project, warehouse=warehouse)
    return make_promotion(stage, make_freight(warehouse), due_at=timezone.now())


@pytest.fixture
def lease(promotion):
    return claim(Promotion, promotion.pk, now=timezone.now(), length=timedelta(minutes=1))


def ranges_of(promotion):
    return [(batch.first_line, batch.last_line) for batch in promotion.log_batches.all()]


def check(promotion, count):
    promotion.refresh_from_db()
    lines = [line for first, last in ranges_of(promotion) for line in range(first, last + 1)]
    assert lines == list(range(1, count + 1))
    assert promotion.log_line_count == count
    assert all(len(b.lines) == b.last_line - b.first_line + 1 <= 64 for b in promotion.log_batches.all())


def test_lines_come_in_order_and_are_numbered_from_one(promotion, lease):
    with Logbook(promotion, lease, Masker()) as logbook:
        for number in range(1, 301):
            logbook.write(0, f"line {number}", "out")

    assert log_of(promotion) == [f"line {number}" for number in range(1, 301)]
    check(promotion, 300)
    assert len(ranges_of(promotion)) < 30, "lines are stored in batches, not one by one"


def test_a_line_is_stored_soon_without_being_asked_for(promotion, lease):
    with Logbook(promotion, lease, Masker()) as logbook:
        logbook.write(0, "early")

        wait_until(lambda: log_of(promotion) == ["early"])


def test_a_batch_holds_lines_of_one_step(promotion, lease):
    with Logbook(promotion, lease, Masker()) as logbook:
        logbook.write(0, "a")
        logbook.write(1, "b\nc")
        logbook.write(0, "d")

    batches = [(b.step_index, [text for _, text in b.lines]) for b in promotion.log_batches.all()]
    assert [index for index, _ in batches] == [0, 1, 0]
    assert log_of(promotion) == ["a", "b", "c", "d"]


def test_several_threads_lose_and_double_nothing(promotion, lease):
    together = threading.Barrier(4)

    def write(logbook, name):
        together.wait()
        for number in range(100):
            logbook.write(0, f"{name}{number}")

    with Logbook(promotion, lease, Masker()) as logbook:
        threads = [in_thread(write, logbook, name) for name in "abcd"]
        for thread in threads:
            thread.join()

    check(promotion, 400)
    lines = log_of(promotion)
    assert len(set(lines)) == 400
    for name in "abcd":
        assert [line for line in lines if line.startswith(name)] == [f"{name}{number}" for number in range(100)]


def test_a_worker_without_the_lease_writes_no_line(promotion, lease):
    with Logbook(promotion, lease, Masker()) as logbook:
        logbook.write(0, "mine")
        logbook.flush()
        Promotion.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        taken = claim(Promotion, promotion.pk, now=timezone.now(), length=timedelta(minutes=1))
        logbook.write(0, "too late")

    with Logbook(promotion, taken, Masker()) as other:
        other.write(0, "theirs")
    assert log_of(promotion) == ["mine", "theirs"]
    check(promotion, 2)
    assert release(taken, due_at=None)


def test_a_second_worker_goes_on_with_the_numbers(promotion, lease):
    for text in ("first", "second"):
        with Logbook(promotion, lease, Masker()) as logbook:
            logbook.write(0, text)

    assert ranges_of(promotion) == [(1, 1), (2, 2)]


def test_secrets_long_lines_and_odd_bytes_are_taken_care_of(promotion, lease):
    with Logbook(promotion, lease, Masker(["tr0ub4dor&3"])) as logbook:
        logbook.write(0, "token tr0ub4dor&3")
        logbook.write(0, "x" * 20_000)
        logbook.write(0, "nul \x00 surrogate \ud800")
        logbook.write(0, "")

    masked, long, odd, empty = log_of(promotion)
    assert masked == f"token {MASK}"
    assert (len(long), long[-5:]) == (16_384 + len(" … (cut)"), "(cut)")
    assert ("\x00" in odd, "\ud800" in odd, empty) == (False, False, "")
