"""Texts the change-set tests start from."""

from pathlib import Path

import pytest

from projects.documents import SourceText

BAKERY = Path(__file__).with_name("bakery.yaml")


@pytest.fixture
def bakery() -> SourceText:
    """A whole project: task, analysis template, warehouse, eight stages."""
    return SourceText("bakery.yaml", BAKERY.read_text())
