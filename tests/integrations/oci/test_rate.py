import threading

import pytest

from integrations.errors import Aborted
from integrations.oci.rate import HostRateLimits, Visit


class Clock:
    def __init__(self):
        self.now = 100.0
        self.slept = []

    def time(self):
        return self.now

    def sleep(self, turn, seconds):
        self.slept.append(round(seconds, 6))
        self.now += seconds


def test_lets_one_second_of_requests_pass_then_spaces_them():
    clock = Clock()
    limits = HostRateLimits(20, clock=clock.time, sleep=clock.sleep)

    for _ in range(23):
        limits.wait("ghcr.io")

    assert clock.slept == [0.05, 0.05, 0.05]


class Gate:
    """A clock that moves by hand: sleepers look again only when it has moved."""

    def __init__(self):
        self.now = 0.0
        self.moved = threading.Condition()

    def time(self):
        return self.now

    def sleep(self, turn, seconds):
        with self.moved:
            before = self.now
            self.moved.wait_for(lambda: self.now > before or turn.is_set(), timeout=10)

    def move(self, seconds):
        with self.moved:
            self.now += seconds
            self.moved.notify_all()


def test_tokens_go_round_between_projects():
    gate, order = Gate(), []
    limits = HostRateLimits(1, clock=gate.time, sleep=gate.sleep)
    limits.wait("ghcr.io")

    def ask(project):
        limits.wait("ghcr.io", Visit(project))
        order.append(project)

    waiting = []
    for project in ["greedy"] * 4 + ["modest"]:
        waiting.append(threading.Thread(target=ask, args=(project,)))
        waiting[-1].start()
        wait_until(lambda: limits.count_waiting("ghcr.io") == len(waiting))
    while any(thread.is_alive() for thread in waiting):
        served = len(order)
        gate.move(1.0)
        wait_until(lambda served=served: len(order) > served or not any(t.is_alive() for t in waiting))
    for thread in waiting:
        thread.join()

    assert order == ["greedy", "modest", "greedy", "greedy", "greedy"]


def test_who_is_stopped_leaves_the_line():
    clock = Clock()
    limits = HostRateLimits(1, clock=clock.time, sleep=clock.sleep)
    limits.wait("ghcr.io")

    def stop():
        raise Aborted("stopped")

    with pytest.raises(Aborted):
        limits.wait("ghcr.io", Visit("slow", stop))
    assert limits.count_waiting("ghcr.io") == 0
    limits.wait("ghcr.io", Visit("next"))


def wait_until(is_true):
    for _ in range(10_000):
        if is_true():
            return
        threading.Event().wait(0.001)
    pytest.fail("it never came true")


def test_counts_each_host_by_itself():
    clock = Clock()
    limits = HostRateLimits(1, clock=clock.time, sleep=clock.sleep)

    limits.wait("ghcr.io")
    limits.wait("quay.io")

    assert clock.slept == []


def test_rest_fills_the_bucket_to_the_brim_and_not_further():
    clock = Clock()
    limits = HostRateLimits(2, clock=clock.time, sleep=clock.sleep)
    for _ in range(2):
        limits.wait("ghcr.io")
    clock.now += 3600

    for _ in range(3):
        limits.wait("ghcr.io")

    assert clock.slept == [0.5]
