"""Seals everything that is stored sealed again, with the newest key; older ones can be forgotten then.

Work trees that are stored for other machines are not sealed again but dropped: a promotion goes on without them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Model

from freight.models import Delivery
from projects import audit
from projects.actors import Actor
from projects.encryption import SecretUnreadable, reseal
from projects.models import Credential
from promotions.models import Promotion

# Models with a sealed column, and what people call their rows.
SEALED: tuple[tuple[type[Model], str, str], ...] = (
    (Credential, "sealed", "credentials"),
    (Promotion, "sealed_state", "promotions"),
    (Delivery, "sealed_body", "deliveries of webhooks"),
)
_CHUNK = 100


@dataclass(frozen=True, slots=True)
class Rotated:
    """What happened to the rows of one table; `unreadable` names those that no known key opens."""

    what: str
    sealed_again: int
    unreadable: tuple[str, ...]


def rotate_all(actor: Actor) -> list[Rotated]:
    """Table by table, each row by compare-and-set, so that everything may run meanwhile. Safe to repeat."""
    results = [_rotate(model, column, what) for model, column, what in SEALED]
    with transaction.atomic():
        Promotion.objects.exclude(snapshot="").update(snapshot="")
        facts = {result.what: result.sealed_again for result in results}
        audit.record(
            actor, "rotated", project=None, target_kind="key", target_name="KARGOWEB_SECRET_KEY", facts=facts
        )
    return results


def _rotate(model: type[Model], column: str, what: str) -> Rotated:
    count, unreadable = 0, []
    for pk, sealed in _rows(model, column):
        try:
            count += _seal_again(model, pk, column, sealed)
        except SecretUnreadable:
            unreadable.append(str(model._default_manager.defer(column).get(pk=pk)))
    return Rotated(what, count, tuple(unreadable))


def _seal_again(model: type[Model], pk: int, column: str, sealed: bytes) -> bool:
    new = reseal(sealed, key=settings.SECRET_KEY)
    if new is None:
        return False
    # Who wrote meanwhile wrote with the newest key.
    rows: Any = model._default_manager.filter(pk=pk, **{column: sealed})
    return bool(rows.update(**{column: new}) == 1)


def _rows(model: type[Model], column: str) -> Iterator[tuple[int, bytes]]:
    after = 0
    while True:
        rows = model._default_manager.filter(pk__gt=after).order_by("pk").values_list("pk", column)[:_CHUNK]
        chunk = [(pk, bytes(sealed)) for pk, sealed in rows]
        if not chunk:
            return
        yield from ((pk, sealed) for pk, sealed in chunk if sealed)
        after = chunk[-1][0]
