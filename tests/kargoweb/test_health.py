"""The probes for load balancers."""

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client


def test_a_living_process_answers_without_a_database(client: Client) -> None:
    # Without the django_db mark any query would fail this test.
    answer = client.get("/healthz")

    assert (answer.status_code, answer.content) == (200, b"ok\n")
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
def test_ready_when_the_database_answers_and_is_migrated(client: Client) -> None:
    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {
        "ready": True,
        "checks": {
            "database": {"ok": True, "message": "answers"},
            "migrations": {"ok": True, "message": "all applied"},
        },
    }


@pytest.mark.django_db
def test_not_ready_while_a_migration_is_missing(client: Client) -> None:
    (newest,) = MigrationLoader(connection).graph.leaf_nodes("freight")
    MigrationRecorder(connection).record_unapplied(*newest)

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["ready"] is False
    assert "run: manage.py migrate" in answer.json()["checks"]["migrations"]["message"]


@pytest.mark.django_db
def test_probes_can_only_be_read(client: Client) -> None:
    assert client.post("/healthz").status_code == 405
    assert client.post("/readyz").status_code == 405
