"""What the environment makes of the settings; each case in a process of its own, for settings are read once."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHOW = """
import json
from kargoweb import settings
print(json.dumps({
    "max_age": settings.DATABASES["default"].get("CONN_MAX_AGE"),
    "passes": settings.PASSES_AT_ONCE,
    "threads": settings.CELERY_WORKER_CONCURRENCY,
}))
"""


@pytest.fixture
def read(tmp_path):
    def read(script=SHOW, **given):
        environment = {"PATH": os.environ["PATH"], "KARGOWEB_DATA_DIR": str(tmp_path), **given}
        command = [sys.executable, "-c", script]
        return subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)

    return read


def test_connections_to_postgresql_are_not_kept_unless_asked_for(read):
    url = "postgres://kargoweb@localhost/kargoweb"

    assert json.loads(read(DATABASE_URL=url).stdout)["max_age"] == 0
    assert json.loads(read(DATABASE_URL=url, KARGOWEB_DATABASE_MAX_AGE="60").stdout)["max_age"] == 60


def test_a_worker_has_threads_that_passes_cannot_take(read):
    shown = json.loads(read(KARGOWEB_CONCURRENCY="3").stdout)

    assert shown["passes"] == 3
    assert shown["threads"] > 3


def test_the_log_is_silent_about_each_tick(read):
    script = """
import django, logging
django.setup()
for name in ("celery.app.trace", "celery.worker.strategy", "kombu.connection", "promotions"):
    logging.getLogger(name).info("from %s", name)
"""
    assert [
        line.split("from ")[1]
        for line in read(script, DJANGO_SETTINGS_MODULE="kargoweb.settings").stderr.splitlines()
    ] == ["promotions"]
