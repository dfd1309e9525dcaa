"""Surroundings of a look at one subscription, without a database."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from freight.subscriptions.base import Surroundings
from integrations.http_policy import HttpPolicy


@pytest.fixture
def around(tmp_path: Path) -> Surroundings:
    return Surroundings(
        credentials=None,
        mirrors=tmp_path / "mirrors",
        policy=HttpPolicy(allow_loopback=True, allow_private_addresses=True),
        should_stop=lambda: False,
        seen_after=datetime.now(UTC),
    )


@pytest.fixture
def again(around: Surroundings):
    """Surroundings of the look after the one that found this."""

    def follow(discovery):
        return replace(
            around,
            found=discovery.found,
            ignored=discovery.ignored,
            observed=discovery.observed,
            seen_after=datetime.now(UTC),
        )

    return follow
