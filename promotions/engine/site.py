"""What the engine needs to know of this installation, read once at the top of a task."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.conf import settings

from integrations.http import HttpPolicy

# How outgoing requests name themselves.
USER_AGENT = "kargoweb"


@dataclass(frozen=True, slots=True)
class Site:
    """Directories, lengths of time and identities of this installation."""

    work_dir: Path
    mirrors_dir: Path
    secret_key: str
    base_url: str
    lease: timedelta
    git_name: str
    git_email: str
    allow_credentials_over_http: bool
    http_policy: HttpPolicy


def read_site() -> Site:
    """The site as the settings describe it."""
    return Site(
        work_dir=settings.DATA_DIR / "work",
        mirrors_dir=settings.DATA_DIR / "mirrors",
        secret_key=settings.SECRET_KEY,
        base_url=settings.BASE_URL,
        lease=settings.LEASE,
        git_name=settings.GIT_NAME,
        git_email=settings.GIT_EMAIL,
        allow_credentials_over_http=settings.ALLOW_CREDENTIALS_OVER_HTTP,
        http_policy=HttpPolicy(
            allow_loopback=settings.ALLOW_PRIVATE_ADDRESSES,
            allow_private_addresses=settings.ALLOW_PRIVATE_ADDRESSES,
        ),
    )
