"""Tells watching pages that something changed: a project and a topic, never content.

Topics: `stage:<name>`, `freight`, `warehouse:<name>`, `promotion:<number>`, `log:<number>`, `approval`,
`configuration`.
PostgreSQL carries them by NOTIFY at the commit; with SQLite they are rows, and readers see the commit by
`PRAGMA data_version`.
"""

from datetime import datetime, timedelta

from django.db import connection

from projects.models import Change, Project

CHANNEL = "kargoweb"
_KEPT = timedelta(minutes=5)


def announce(project: Project, *topics: str, now: datetime) -> None:
    """Part of the current transaction: readers hear of it when the change can be read."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for topic in topics:
                cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, f"{project.name} {topic}"])
    else:
        # By hand: this is written several times a step, and building it through the ORM costs more than all the rest.
        with connection.cursor() as cursor:
            rows = [(project.name, topic, now) for topic in topics]
            cursor.executemany("INSERT INTO projects_change (project_name, topic, at) VALUES (%s, %s, %s)", rows)


def forget_old(*, now: datetime) -> None:
    """Drop rows that every reader has long seen."""
    Change.objects.filter(at__lt=now - _KEPT).delete()
