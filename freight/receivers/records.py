"""The record of deliveries: what is kept of a request, for how long, and which one was seen before."""

import base64
import hashlib
import re
import zlib
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from freight.models import Delivery, Receiver, SeenDelivery
from freight.receivers.base import Inbound, Sender
from projects.encryption import seal, unseal

KEPT = 50
REPEATS_KNOWN_FOR = timedelta(hours=24)
# Bytes of a body as it is kept, compressed.
MAX_KEPT_BYTES = 256 * 1024
_LONGEST_HEADER, _MOST_HEADERS = 1000, 60
# Headers that prove who sends, or hold something else nobody should read here.
_SECRET = re.compile(r"authorization|cookie|token|secret|signature|password|event-auth|api-?key", re.IGNORECASE)


def find_sender_id(sender: Sender, inbound: Inbound) -> str:
    """The sender's own id of the delivery; empty for senders that give none."""
    return next((value for name in sender.delivery_headers if (value := inbound.header(name))), "")[:200]


def is_repeat(receiver: Receiver, sender_id: str, body: bytes, *, now: datetime) -> bool:
    """Was the same delivery taken within a day? Without an id nobody can tell, so it was not."""
    rows = SeenDelivery.objects.filter(receiver=receiver, seen_at__gt=now - REPEATS_KNOWN_FOR)
    return bool(sender_id) and rows.filter(fingerprint=_fingerprint(sender_id, body)).exists()


def remember(receiver: Receiver, sender_id: str, body: bytes, *, now: datetime) -> None:
    """Note a delivery that was taken, and forget those of the day before."""
    SeenDelivery.objects.filter(receiver=receiver, seen_at__lte=now - REPEATS_KNOWN_FOR).delete()
    if sender_id:
        SeenDelivery.objects.update_or_create(
            receiver=receiver, fingerprint=_fingerprint(sender_id, body), defaults={"seen_at": now}
        )


def write_delivery(
    receiver: Receiver, inbound: Inbound, *, event: str, sender_id: str, result: str, now: datetime, **outcome: Any
) -> Delivery:
    """Add a delivery, with the `outcome` as columns, and drop the oldest beyond those kept."""
    delivery = Delivery.objects.create(
        receiver=receiver,
        received_at=now,
        event=_plain(event)[:100],
        sender_id=_plain(sender_id),
        headers=_list_harmless(inbound),
        query=[[_plain(name), _plain(value)] for name, value in inbound.query[:_MOST_HEADERS]],
        size_bytes=len(inbound.body),
        sealed_body=_seal_body(inbound.body),
        result=_plain(result),
        **outcome,
    )
    old = Delivery.objects.filter(receiver=receiver).order_by("-received_at", "-id").values_list("pk", flat=True)
    Delivery.objects.filter(pk__in=list(old[KEPT:])).delete()
    return delivery


def read_inbound(delivery: Delivery) -> Inbound | None:
    """The request as it was kept; None when its body was too large to be kept."""
    if not delivery.sealed_body:
        return None
    return Inbound(
        body=read_body(delivery),
        headers=tuple((name, value) for name, value in delivery.headers),
        query=tuple((name, value) for name, value in delivery.query),
        is_trusted=True,
    )


def read_body(delivery: Delivery) -> bytes:
    """The body as it was sent. Raises SecretUnreadable when the site's key is another one."""
    if not delivery.sealed_body:
        return b""
    sealed = unseal(bytes(delivery.sealed_body), key=settings.SECRET_KEY)
    return zlib.decompress(base64.b64decode(sealed))


def _seal_body(body: bytes) -> bytes:
    packed = zlib.compress(body)
    if len(packed) > MAX_KEPT_BYTES:
        return b""
    return seal(base64.b64encode(packed).decode(), key=settings.SECRET_KEY)


def _list_harmless(inbound: Inbound) -> list[list[str]]:
    harmless = [(name, value) for name, value in inbound.headers if not _SECRET.search(name)]
    return [[_plain(name), _plain(value)[:_LONGEST_HEADER]] for name, value in harmless[:_MOST_HEADERS]]


def _plain(text: str) -> str:
    """Text that every database takes."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "")


def _fingerprint(sender_id: str, body: bytes) -> str:
    return hashlib.sha256(sender_id.encode("utf-8", "replace") + b"\x00" + body).hexdigest()
