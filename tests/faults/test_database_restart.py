"""PostgreSQL is restarted the hard way while promotions run; they end right."""

import os
import subprocess
from pathlib import Path

import psycopg
import pytest

from tests.faults.killing import check_record
from tests.servers.installation import Installation
from tests.servers.postgres import running_postgres

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.mark.parametrize("step", [0, 6, 7])
def test_a_promotion_survives_a_restart_of_the_database(site, database, step):
    freight = site.ask("release")
    before = site.git("rev-parse", "env/dev")

    promotion = site.ask("promote", "dev", freight)
    site.ask("wait_for_step", promotion, step, ["Running", "Succeeded", "Skipped"], 30)
    database.restart()
    end = site.ask("wait_for_end", promotion, 60)

    record = site.ask("look", promotion)
    interrupted = [run["alias"] for run in record["steps"] if run["tries"] > 1]
    assert end["phase"] == "Succeeded", record["message"]
    assert len(interrupted) <= 1
    assert check_record(record, interrupted=interrupted) == []
    assert site.git("rev-list", "--count", f"{before}..env/dev") == "1"


@pytest.fixture(scope="module")
def database():
    with running_postgres() as url:
        yield Database(url)


@pytest.fixture(scope="module")
def site(database, tmp_path_factory):
    directory = tmp_path_factory.mktemp("site")
    with Installation(directory, lease="2s", settings={"DATABASE_URL": database.url}) as site:
        site.start("scheduler")
        site.start_worker()
        # The first promotion makes the branch.
        site.ask("wait_for_end", site.ask("promote", "dev", site.ask("discover", "guestbook")), 60)
        yield site
    database.stop()


class Database:
    """A server that can be restarted; it is no child of ours afterwards, so it must be stopped."""

    def __init__(self, url):
        self.url = url
        with psycopg.connect(url) as connection:
            (self._data,) = connection.execute("SHOW data_directory").fetchone()
            # The server for tests is careless with the newest commits; this one must keep its word.
            connection.execute("ALTER ROLE kargoweb SET synchronous_commit = on")
            (programs,) = connection.execute("SELECT setting FROM pg_config WHERE name = 'BINDIR'").fetchone()
        self._control = Path(programs) / "pg_ctl"

    def restart(self):
        """Throw everybody out and come back, as after a power cut."""
        self._run("restart", "-m", "immediate", "-w", "-l", "/dev/null")

    def stop(self):
        self._run("stop", "-m", "fast", "-w")

    def _run(self, action, *options):
        subprocess.run(
            [self._control, action, "-D", self._data, *options],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            user="nobody" if os.getuid() == 0 else None,
        )
