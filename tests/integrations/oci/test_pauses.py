from datetime import timedelta

import pytest

from integrations.credentials import BasicAuth
from integrations.errors import RateLimited, Unreachable
from integrations.http import HttpClient, HttpPolicy
from integrations.oci.pauses import HostPauses
from integrations.oci.references import parse_repository
from integrations.oci.registry import Registry


@pytest.fixture
def clock():
    return [0.0]


@pytest.fixture
def pauses(clock):
    return HostPauses(clock=lambda: clock[0])


@pytest.fixture
def impatient():
    policy = HttpPolicy(allow_loopback=True, attempts=1)
    with HttpClient(policy, "kargoweb-test", sleep=lambda seconds: None) as opened:
        yield opened


def test_a_host_that_limits_us_is_left_alone_until_it_said(server, impatient, pauses, clock):
    server.push_image("app", "1.0.0")
    server.faults.statuses, server.faults.retry_after = [429], "600"
    repository = parse_repository(f"{server.host}/app")
    with pytest.raises(RateLimited) as first:
        Registry(impatient, pauses=pauses).list_tags(repository)
    asked = server.count()
    clock[0] += 100
    with pytest.raises(RateLimited, match="was not asked again") as second:
        Registry(impatient, pauses=pauses).list_tags(repository)

    assert (first.value.retry_after, second.value.retry_after) == (timedelta(seconds=600), timedelta(seconds=500))
    assert server.count() == asked
    assert Registry(impatient, BasicAuth("other", "account"), pauses=pauses).list_tags(repository) == ["1.0.0"]
    clock[0] += 501
    assert Registry(impatient, pauses=pauses).list_tags(repository) == ["1.0.0"]


def test_a_silent_host_is_left_alone_longer_each_time_until_it_answers(server, impatient, pauses, clock):
    server.push_image("app", "1.0.0")
    host = server.host
    repository = parse_repository(f"{host}/app")
    server.stop()
    for length in (10, 20, 40, 60, 60):
        with pytest.raises(Unreachable, match="Cannot reach"):
            Registry(impatient, pauses=pauses).list_tags(repository)
        with pytest.raises(Unreachable, match=f"not asked again; that is done in {length} s"):
            Registry(impatient, pauses=pauses).list_tags(repository)
        clock[0] += length + 1

    pauses.note_answer(host)
    pauses.note_silence(host, "It did not answer.")
    with pytest.raises(Unreachable, match="done in 10 s"):
        pauses.check(host, "")


def test_an_error_page_is_an_answer(server, impatient, pauses):
    server.push_image("app", "1.0.0")
    server.faults.statuses = [503]
    repository = parse_repository(f"{server.host}/app")
    with pytest.raises(Unreachable):
        Registry(impatient, pauses=pauses).list_tags(repository)

    assert Registry(impatient, pauses=pauses).list_tags(repository) == ["1.0.0"]
