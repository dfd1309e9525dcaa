"""What was issued is kept until shortly before it expires."""

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from integrations.credentials import BasicAuth
from integrations.errors import Unauthorized
from integrations.issuers.base import Issued
from integrations.issuers.keeping import IssuedCredentials

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass
class Clerk:
    """A source that counts, and may be slow or refuse."""

    lifetime: timedelta = timedelta(hours=1)
    key: str = "clerk"
    count: int = 0
    is_closed: bool = False
    gate: threading.Event = field(default_factory=threading.Event)

    def issue(self, client, *, now):
        self.gate.wait(5)
        self.count += 1
        if self.is_closed:
            raise Unauthorized("closed")
        return Issued(BasicAuth("u", f"token-{self.count}"), now + self.lifetime)


def open_clerk(**fields):
    clerk = Clerk(**fields)
    clerk.gate.set()
    return clerk


@pytest.mark.parametrize(("minutes", "count"), [(0, 1), (54, 1), (55, 2), (61, 2)])
def test_the_last_five_minutes_of_a_token_are_left_alone(minutes, count):
    kept, clerk = IssuedCredentials(), open_clerk()
    kept.get(clerk, None, now=NOW)

    value = kept.get(clerk, None, now=NOW + timedelta(minutes=minutes))

    assert value.password == f"token-{count}"
    assert clerk.count == count


def test_a_token_that_lives_shorter_is_used_once():
    kept, clerk = IssuedCredentials(), open_clerk(lifetime=timedelta(minutes=3))

    assert kept.get(clerk, None, now=NOW).password == "token-1"
    assert kept.get(clerk, None, now=NOW).password == "token-2"


def test_who_asks_at_the_same_time_shares_one_request():
    kept, clerk, answers = IssuedCredentials(), Clerk(), []
    threads = [
        threading.Thread(target=lambda: answers.append(kept.get(clerk, None, now=NOW).password)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()

    clerk.gate.set()
    for thread in threads:
        thread.join()

    assert answers == ["token-1"] * 8


def test_a_refusal_is_not_kept():
    kept, clerk = IssuedCredentials(), open_clerk(is_closed=True)
    with pytest.raises(Unauthorized):
        kept.get(clerk, None, now=NOW)

    clerk.is_closed = False

    assert kept.get(clerk, None, now=NOW).password == "token-2"


def test_sources_do_not_mix():
    kept = IssuedCredentials()
    first = kept.get(open_clerk(key="a"), None, now=NOW)
    other = open_clerk(key="b")

    kept.get(other, None, now=NOW)

    assert first.password == "token-1"
    assert other.count == 1
