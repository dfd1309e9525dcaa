"""Marks the tests that use the database, so that they can be run again on another one; how many examples are tried.

`HYPOTHESIS_PROFILE=nightly` looks for what nobody has thought of, differently each night (`make nightly`).
"""

import os
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("default", max_examples=300, derandomize=True, deadline=None, database=None)
settings.register_profile(
    "nightly",
    max_examples=100_000,
    deadline=timedelta(seconds=2),
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],  # speaks of the machine, not of us
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if item.get_closest_marker("django_db") or "db" in fixtures or "transactional_db" in fixtures:
            item.add_marker("database")
