import asyncio
import json
import re
import time
from collections.abc import Callable, Iterable
from typing import Any

import httpx
import pytest
from django.db import connection
from django.utils import timezone

from projects.models import Change, Member
from projects.notices import announce
from promotions.models import Promotion
from promotions.phases import Phase
from tests.factories import (
    make_freight,
    make_member,
    make_project,
    make_promotion,
    make_stage,
    make_user,
    make_warehouse,
)
from tests.kargoweb.live.conftest import Event, Server, cookies_of, read_events, start_server, stop_server
from tests.kargoweb.live.log_rows import end_promotion, write_batch

pytestmark = pytest.mark.timeout(40)

LOG = "/p/shop/promotions/1/log/stream"


@pytest.fixture
def promotion(transactional_db: None) -> Promotion:
    project = make_project("shop")
    make_member(project, "rita", "viewer")
    stage = make_stage(
        project,
        warehouse=(warehouse := make_warehouse(project)),
        steps=[{"uses": "git-clone", "as": "clone"}, {"uses": "git-push", "as": "push"}],
    )
    return make_promotion(stage, make_freight(warehouse), phase=Phase.RUNNING)


@pytest.fixture
def rita(promotion: Promotion) -> Any:
    return Member.objects.get(project=promotion.project).user


def numbers_in(events: Iterable[Event]) -> list[int]:
    return [int(n) for event in events if event.name == "log" for n in re.findall(r'id="L(\d+)"', event.data)]


def test_sends_every_line_once_and_in_order_while_another_process_writes(
    server: Server, promotion: Promotion, rita: Any, write_elsewhere: Callable[..., Any]
) -> None:
    write_elsewhere(promotion, 1500, "--end")

    with server.stream(LOG, rita) as response:
        events = list(read_events(response))

    assert numbers_in(events) == list(range(1, 1501))
    assert (events[-1].name, json.loads(events[-1].data)) == ("log-end", {"lines": 1500})


def test_goes_on_after_a_dropped_connection_without_loss_or_repetition(
    server: Server, promotion: Promotion, rita: Any, write_elsewhere: Callable[..., Any]
) -> None:
    write_elsewhere(promotion, 1200, "--end")
    seen: list[int] = []
    last_id = ""

    for _ in range(200):
        headers = {"Last-Event-ID": last_id} if last_id else {}
        with server.stream(LOG, rita, **headers) as response:
            event = next(read_events(response))
        if event.name == "log-end":
            break
        seen += numbers_in([event])
        last_id = event.id

    assert seen == list(range(1, 1201))


def test_starts_after_the_line_that_the_page_already_shows(server: Server, promotion: Promotion, rita: Any) -> None:
    write_batch(promotion, [["out", f"line {n}"] for n in range(1, 11)])
    end_promotion(promotion)

    with server.stream(f"{LOG}?after=7", rita) as response:
        events = list(read_events(response))

    assert numbers_in(events) == [8, 9, 10]
    assert "log-step" not in events[0].data


def test_carries_page_events_and_log_on_one_stream(server: Server, promotion: Promotion, rita: Any) -> None:
    with server.stream("/p/shop/events?log=1", rita) as response:
        events = read_events(response)
        write_batch(promotion, [["out", "hello"]])
        first = next(events)
        end_promotion(promotion)
        rest = [next(events), next(events)]

    assert (first.name, first.id) == ("log", "1")
    assert {event.name: json.loads(event.data) for event in rest} == {
        "kw": {"topic": "promotion:1"},
        "log-end": {"lines": 1},
    }


def test_joins_a_burst_of_changes_of_one_object_and_still_tells_the_last(
    server: Server, promotion: Promotion, rita: Any
) -> None:
    def tell(topic: str) -> None:
        announce(promotion.project, topic, now=timezone.now())

    with server.stream("/p/shop/events", rita) as response:
        topics = (json.loads(event.data)["topic"] for event in read_events(response))
        tell("stage:burst")
        told = [next(topics)]
        started_at = time.monotonic()
        for _ in range(20):
            tell("stage:burst")
        tell("freight")
        told += [next(topics), next(topics)]
        seconds = time.monotonic() - started_at
        tell("configuration")
        told.append(next(topics))

    assert told == ["stage:burst", "freight", "stage:burst", "configuration"]
    assert seconds > 0.9


def test_tells_nothing_of_other_projects(server: Server, promotion: Promotion, rita: Any) -> None:
    other = make_project("other")

    with server.stream("/p/shop/events", rita) as response:
        announce(other, "stage:secret", now=timezone.now())
        announce(promotion.project, "freight", now=timezone.now())
        event = next(read_events(response))

    assert json.loads(event.data) == {"topic": "freight"}


def test_tells_what_changed_between_the_page_and_its_stream(server: Server, promotion: Promotion, rita: Any) -> None:
    with server.stream("/p/shop/events", rita) as response:
        announce(promotion.project, "warehouse:main", now=timezone.now())
        next(read_events(response))

    with server.stream("/p/shop/events?age=5000", rita) as late:
        topics = (json.loads(event.data)["topic"] for event in read_events(late))
        first = next(topic for topic in topics if topic in {"warehouse:main", "resync"})

    assert first


def test_escapes_hostile_lines(server: Server, promotion: Promotion, rita: Any) -> None:
    bomb = "\x1b[31m" * 5000 + "\x1b[2J\x1b]0;title\x07red"
    write_batch(promotion, [["out", "<script>alert(1)</script>"], ["err", bomb], ["out", "a\r\nb: c\n\ndata: x"]])
    end_promotion(promotion)

    with server.stream(LOG, rita) as response:
        events = list(read_events(response))

    assert [event.name for event in events] == ["log", "log-end"]
    assert "<script" not in events[0].data
    assert "&lt;script&gt;alert(1)" in events[0].data
    assert "\x1b" not in events[0].data
    assert len(events[0].data) < 3000


@pytest.mark.parametrize("path", [LOG, "/p/shop/events", "/p/shop/events?log=1"])
def test_is_for_members_only(server: Server, promotion: Promotion, path: str) -> None:
    stranger = cookies_of(make_user("charlie"))

    assert httpx.get(server.url + path, cookies=stranger).status_code == 404
    assert httpx.get(server.url + path).status_code == 401


def test_an_unknown_promotion_is_not_found(server: Server, promotion: Promotion, rita: Any) -> None:
    for path in ("/p/shop/promotions/77/log/stream", "/p/shop/events?log=77", "/p/nowhere/events"):
        assert httpx.get(server.url + path, cookies=cookies_of(rita)).status_code == 404


def test_only_get_is_allowed(server: Server, promotion: Promotion, rita: Any) -> None:
    response = httpx.post(server.url + LOG, cookies=cookies_of(rita))

    assert (response.status_code, response.headers["allow"]) == (405, "GET")


def test_a_foreign_host_name_is_refused(server: Server, promotion: Promotion, rita: Any) -> None:
    response = httpx.get(server.url + LOG, cookies=cookies_of(rita), headers={"host": "evil.example"})

    assert response.status_code == 400


def test_fifty_viewers_get_all_lines_without_a_thread_each(
    server: Server, promotion: Promotion, rita: Any, write_elsewhere: Callable[..., Any]
) -> None:
    cookies = cookies_of(rita)
    opened: list[int] = []
    threads: list[int] = []

    async def view(client: httpx.AsyncClient) -> list[int]:
        lines: list[int] = []
        async with client.stream("GET", server.url + LOG) as response:
            opened.append(1)
            if len(opened) == 50:
                threads.append(server.count_threads())
                write_elsewhere(promotion, 600, "--end")
            async for line in response.aiter_lines():
                lines += [int(n) for n in re.findall(r'id="L(\d+)"', line)]
        return lines

    async def view_all() -> list[list[int]]:
        limits = httpx.Limits(max_connections=60)
        async with httpx.AsyncClient(cookies=cookies, timeout=30, limits=limits) as client:
            return await asyncio.gather(*(view(client) for _ in range(50)))

    seen = asyncio.run(view_all())

    assert seen == [list(range(1, 601))] * 50
    assert threads[0] < 15


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only with SQLite are changes rows")
def test_a_database_that_counts_from_one_again_is_still_heard(
    server: Server, promotion: Promotion, rita: Any
) -> None:
    for _ in range(50):
        announce(promotion.project, "freight", now=timezone.now())
    with server.stream("/p/shop/events", rita) as response:
        topics = (json.loads(event.data)["topic"] for event in read_events(response))
        announce(promotion.project, "stage:before", now=timezone.now())
        next(topic for topic in topics if topic == "stage:before")
        Change.objects.all().delete()
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [Change._meta.db_table])
        end_promotion(promotion)
        next(topic for topic in topics if topic == "resync")
        announce(promotion.project, "stage:after", now=timezone.now())
        assert next(topic for topic in topics if topic != "promotion:1") == "stage:after"


@pytest.mark.skipif(connection.vendor != "postgresql", reason="only PostgreSQL has a connection that listens")
def test_a_lost_database_connection_is_made_up_for(server: Server, promotion: Promotion, rita: Any) -> None:
    with server.stream("/p/shop/events", rita) as response:
        topics = (json.loads(event.data)["topic"] for event in read_events(response))
        announce(promotion.project, "freight", now=timezone.now())
        next(topics)
        with connection.cursor() as cursor:
            cursor.execute(
                # Of this database only: other tests listen on theirs at the same time.
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND application_name = 'kargoweb live'"
            )
        after = next(topic for topic in topics if topic != "freight")
        announce(promotion.project, "stage:test", now=timezone.now())
        then = next(topics)

    assert (after, then) == ("resync", "stage:test")


def test_streams_end_at_once_when_the_server_stops(transactional_db: None, promotion: Promotion, rita: Any) -> None:
    server = start_server()
    with server.stream("/p/shop/events?log=1", rita) as response:
        write_batch(promotion, [["out", "hello"]])
        events = read_events(response)
        next(events)
        seconds = stop_server(server)
        rest = list(events)

    assert rest == []
    assert seconds < 1.9
