"""The embedded broker: several processes write to it and read from it, nothing is lost and nothing comes twice."""

import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from kombu import Connection, Queue

import kargoweb.broker

PEER = """
import json, sys, time
from pathlib import Path
import kargoweb.broker
from kombu import Connection, Queue

folder, role, name, count, total = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
options = {"data_folder_in": folder, "data_folder_out": folder, "control_folder": folder + "/control"}
with Connection("embedded://", transport_options=options) as connection:
    queue = connection.SimpleQueue("work")
    if role == "write":
        for number in range(count):
            queue.put(f"{name}-{number}")
    else:
        done, got = Path(folder).parent / "got", []
        while sum(1 for _ in done.iterdir()) < total:
            try:
                message = queue.get(block=True, timeout=0.2)
            except queue.Empty:
                continue
            message.ack()
            (done / f"{name}-{len(got)}").write_text(message.payload)
            got.append(message.payload)
"""
EACH = 150


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "got").mkdir()
    return tmp_path / "broker"


def options_of(folder):
    """Bindings are also remembered in the process, so each test here has queues of its own."""
    control = str(folder / "control")
    return {"data_folder_in": str(folder), "data_folder_out": str(folder), "control_folder": control}


def start(folder, role, name):
    arguments = [str(folder), role, name, str(EACH), str(2 * EACH)]
    root = str(Path(kargoweb.broker.__file__).parents[1])
    return subprocess.Popen([sys.executable, "-c", PEER, *arguments], cwd=root)


def test_two_writers_and_two_readers_lose_and_double_nothing(folder):
    peers = [start(folder, role, f"{role}{n}") for role in ("read", "write") for n in (1, 2)]
    assert [peer.wait(90) for peer in peers] == [0, 0, 0, 0]

    got = Counter(path.read_text() for path in (folder.parent / "got").iterdir())
    assert got == {f"write{n}-{number}": 1 for n in (1, 2) for number in range(EACH)}
    assert not list(folder.glob("*.msg")), "nothing is left behind"
    assert not list((folder / "taken").iterdir())


def test_messages_of_one_writer_come_in_order(folder):
    with Connection("embedded://", transport_options=options_of(folder)) as connection:
        queue = connection.SimpleQueue("work")
        for number in range(20):
            queue.put(number)

        assert [queue.get(timeout=5).payload for _ in range(20)] == list(range(20))


def test_queues_do_not_mix(folder):
    with Connection("embedded://", transport_options=options_of(folder)) as connection:
        work, other = connection.SimpleQueue("a"), connection.SimpleQueue("a.b")
        work.put("a")
        other.put("b")

        assert (other.get(timeout=5).payload, work.get(timeout=5).payload) == ("b", "a")
        with pytest.raises(work.Empty):
            work.get(block=False)


def test_a_message_half_written_by_a_dead_process_is_never_read(folder):
    with Connection("embedded://", transport_options=options_of(folder)) as connection:
        queue = connection.SimpleQueue("half")
        (folder / ".1_abc.half.msg.draft").write_text('{"body": "ha')
        queue.put("whole")

        assert queue.get(timeout=5).payload == "whole"
        with pytest.raises(queue.Empty):
            queue.get(block=False)


def test_bindings_survive_the_process_that_made_them(folder):
    for name in ("one", "two", "one"):
        with Connection("embedded://", transport_options=options_of(folder)) as connection:
            Queue(name, routing_key=name).bind(connection.default_channel).declare()

    with Connection("embedded://", transport_options=options_of(folder)) as connection:
        files = [json.loads(path.read_text()) for path in (folder / "control").iterdir() if path.is_file()]
        queues = [row[2] for rows in files for row in rows]
        assert connection.transport.driver_version() == "embedded"
    assert sorted(queues) == sorted(set(queues))


def test_messages_that_nobody_took_in_time_go_away(folder):
    with Connection("embedded://", transport_options=options_of(folder)) as connection:
        queue = connection.SimpleQueue("old")
        queue.put("fresh")
    hour_ago = time.time_ns() - 3600 * 10**9
    for place in (
        folder / f"{hour_ago}_a.old.msg",
        folder / f".{hour_ago}_b.old.msg.c",
        folder / "taken" / f"{hour_ago}_d",
    ):
        place.write_text("{}")

    with Connection("embedded://", transport_options=options_of(folder)) as connection:
        queue = connection.SimpleQueue("old")
        message = queue.get(timeout=5)
        message.ack()
        assert message.payload == "fresh"
        assert not list((folder / "taken").iterdir())
        assert [path.name for path in folder.iterdir() if path.is_file()] == []

    (folder / f"{hour_ago}_e.nobody.msg").write_text("{}")
    with Connection("embedded://", transport_options=options_of(folder)) as connection:
        connection.SimpleQueue("old").put("next")

    assert len(list(folder.glob("*.msg"))) == 1, "writers tidy up as well, for there may be no reader"


def test_folders_of_the_broker_are_private(folder):
    with Connection("embedded://", transport_options=options_of(folder)) as connection:
        connection.SimpleQueue("private").put("x")

    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "control").stat().st_mode & 0o777 == 0o700
