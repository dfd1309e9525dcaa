from integrations.oci.rate import HostRateLimits


class Clock:
    def __init__(self):
        self.now = 100.0
        self.slept = []

    def time(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(round(seconds, 6))
        self.now += seconds


def test_lets_one_second_of_requests_pass_then_spaces_them():
    clock = Clock()
    limits = HostRateLimits(20, clock=clock.time, sleep=clock.sleep)

    for _ in range(23):
        limits.wait("ghcr.io")

    assert clock.slept == [0.05, 0.05, 0.05]


def test_waiters_of_the_same_moment_queue_up():
    clock = Clock()
    waits = []
    limits = HostRateLimits(2, clock=clock.time, sleep=waits.append)

    for _ in range(5):
        limits.wait("ghcr.io")

    assert waits == [0.5, 1.0, 1.5]


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
