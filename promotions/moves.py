"""The only writer of a promotion's phase: a compare-and-set along the table of allowed moves."""

import logging
from typing import Any

from django.db.models import F, QuerySet

from promotions.models import Promotion
from promotions.phases import ALLOWED_MOVES, Phase

logger = logging.getLogger(__name__)


def move(rows: QuerySet[Promotion], *, source: Phase, target: Phase, **fields: Any) -> bool:
    """Move the one promotion in `rows` from `source` to `target`, writing `fields` with it.

    False when it is no longer in `source` (somebody else moved it) or `rows` is empty (a lost lease). A second
    running promotion of one stage raises IntegrityError with the name `promotion_one_running_per_stage`.
    """
    if target not in ALLOWED_MOVES[source]:
        raise ValueError(f"a promotion cannot go from {source} to {target}")
    moved = rows.filter(phase=source).update(phase=target, version=F("version") + 1, **fields) == 1
    if moved:
        logger.info("Promotion moved", extra={"from": source.value, "to": target.value})
    return moved
