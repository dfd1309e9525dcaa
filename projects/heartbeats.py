"""Signs of life: who reads them can say since when no worker has been seen."""

from datetime import datetime, timedelta

from projects.leases import owner_name
from projects.models import Heartbeat

# A worker handles a tick each second; this long without one means that broker or workers are away.
SILENCE = timedelta(seconds=15)
_FORGOTTEN_AFTER = timedelta(days=1)


def beat(kind: str, *, now: datetime) -> None:
    """This process is alive. Kinds: worker."""
    name = owner_name().rsplit(":", 1)[0]
    Heartbeat.objects.update_or_create(name=f"{kind} {name}", defaults={"kind": kind, "at": now})
    Heartbeat.objects.filter(at__lt=now - _FORGOTTEN_AFTER).delete()


def find_last_beat(kind: str) -> datetime | None:
    """When the newest sign of life of this kind was."""
    return Heartbeat.objects.filter(kind=kind).order_by("-at").values_list("at", flat=True).first()


def is_silent(kind: str, *, now: datetime) -> bool:
    """True when nobody of this kind was seen for a while."""
    last = find_last_beat(kind)
    return last is None or now - last > SILENCE
