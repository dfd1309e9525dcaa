"""Marks the tests that use the database, so that they can be run again on another one."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if item.get_closest_marker("django_db") or "db" in fixtures or "transactional_db" in fixtures:
            item.add_marker("database")
