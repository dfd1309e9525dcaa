"""Slow work of one process: never more at once than the lane has places, and nothing waits in a thread."""

import sys
import threading

import pytest

from projects import shutdown
from projects.lanes import Lane

# Between two pieces of work the thread lets its database connection go.
pytestmark = pytest.mark.django_db


class Work:
    """Work that goes on until it is let go; notes who began and how many did at once."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.started, self.let_go = threading.Semaphore(0), threading.Event()
        self.most = self._now = 0
        self._lock = threading.Lock()
        self.__name__ = "work"

    def __call__(self, pk: int) -> None:
        with self._lock:
            self.begun.append(pk)
            self._now += 1
            self.most = max(self.most, self._now)
        self.started.release()
        assert self.let_go.wait(10)
        with self._lock:
            self._now -= 1
        if pk < 0:
            raise ValueError("broken work")


@pytest.fixture
def work():
    return Work()


def fill(lane, work, *pks):
    """Start work in threads of its own, as a worker's pool does; wait until it has begun."""
    threads = [threading.Thread(target=lane.run, args=(work, pk)) for pk in pks]
    for thread in threads:
        thread.start()
    for _ in pks:
        assert work.started.acquire(timeout=10)
    return threads


def finish(work, threads):
    work.let_go.set()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


def test_work_without_a_place_returns_at_once_and_is_done_when_a_place_is_free(work):
    lane = Lane(2)
    threads = fill(lane, work, 1, 2)

    for pk in (3, 4, 5):
        lane.run(work, pk)  # this thread would wait for ever if the lane made it wait

    assert sorted(work.begun) == [1, 2]
    finish(work, threads)
    assert sorted(work.begun) == [1, 2, 3, 4, 5]
    assert work.most == 2


def test_the_same_row_waits_once(work):
    lane = Lane(1)
    threads = fill(lane, work, 1)

    for _ in range(3):
        lane.run(work, 2)

    assert (lane.is_waiting(work, 2), lane.is_waiting(work, 1)) == (True, False)
    finish(work, threads)
    assert not lane.is_waiting(work, 2)
    assert work.begun == [1, 2]


def test_a_place_is_free_again_after_work_that_broke(work, caplog):
    lane = Lane(1)
    finish(work, fill(lane, work, -1))

    lane.run(work, 2)

    assert work.begun == [-1, 2]
    (record,) = caplog.records
    assert (record.message, record.pk) == ("Work failed", -1)


def test_a_thread_that_is_told_to_end_gives_its_place_back():
    lane, done = Lane(1), []

    with pytest.raises(SystemExit):
        lane.run(sys.exit, 3)
    lane.run(done.append, 1)

    assert done == [1]


def test_work_that_waits_for_one_host_leaves_places_to_the_others(work):
    lane, slow, fast = Lane(4, per_key=2), frozenset({"slow"}), []
    threads = [threading.Thread(target=lane.run, args=(work, pk), kwargs={"keys": slow}) for pk in (1, 2)]
    for thread in threads:
        thread.start()
        assert work.started.acquire(timeout=10)

    lane.run(work, 3, keys=slow)
    lane.run(work, 4, keys=slow | {"fast"})
    lane.run(fast.append, 5, keys=frozenset({"fast"}))

    assert (sorted(work.begun), fast) == ([1, 2], [5])
    finish(work, threads)
    assert sorted(work.begun) == [1, 2, 3, 4]
    assert work.most == 2
    lane.run(fast.append, 6, keys=slow)
    assert fast == [5, 6]


def test_a_thread_that_is_told_to_end_gives_its_key_back():
    lane, done = Lane(2, per_key=1), []

    with pytest.raises(SystemExit):
        lane.run(sys.exit, 3, keys=frozenset({"host"}))
    lane.run(done.append, 1, keys=frozenset({"host"}))

    assert done == [1]


def test_what_waits_is_left_to_other_workers_once_this_one_is_to_stop(work):
    lane = Lane(1)
    threads = fill(lane, work, 1)
    lane.run(work, 2)
    shutdown.requested.set()
    try:
        finish(work, threads)
    finally:
        shutdown.requested.clear()

    assert work.begun == [1]
