"""The state of all credentials of the site: which of them end soon, which cannot be read."""

from datetime import date, timedelta

from projects.credentials import SecretUnreadable, open_texts
from projects.models import Credential

# So long before the last day a credential is pointed at.
WARNED_BEFORE = timedelta(days=14)
_SHOWN = 10


def say_expiry(last_day: date | None, *, today: date) -> str:
    """ "expired", "soon", or empty while there is time or nobody knows."""
    if last_day is None or last_day - today > WARNED_BEFORE:
        return ""
    return "expired" if last_day < today else "soon"


def list_expiring(*, today: date) -> list[str]:
    """A sentence for each that has expired or soon will, the first ones first."""
    rows = Credential.objects.filter(expires_on__lte=today + WARNED_BEFORE).select_related("project")
    return [
        f"{_place(row)} {'expired' if row.expires_on < today else 'expires'} on {row.expires_on:%Y-%m-%d}"
        for row in rows.order_by("expires_on", "name")[:_SHOWN]
        if row.expires_on is not None
    ]


def list_unreadable() -> list[str]:
    """Those that no key of the site opens."""
    names = []
    for row in Credential.objects.select_related("project"):
        try:
            open_texts(row)
        except SecretUnreadable:
            names.append(_place(row))
    return names[:_SHOWN]


def _place(row: Credential) -> str:
    return f"{row.project.name if row.project else 'shared'}/{row.name}"
