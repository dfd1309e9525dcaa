"""System checks of the site, each with a stable id and a hint that says what to do."""

from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register


@register(Tags.files)
def check_data_dir(**_: Any) -> list[CheckMessage]:
    """kargoweb.E001: the data directory can be written."""
    try:
        settings.DATA_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = settings.DATA_DIR / ".write-probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        hint = "Set KARGOWEB_DATA_DIR to a directory that this user may write."
        return [Error(f"{settings.DATA_DIR} cannot be written: {error.strerror}", hint=hint, id="kargoweb.E001")]
    return []


@register(Tags.security, deploy=True)
def check_address(**_: Any) -> list[CheckMessage]:
    """kargoweb.W001: links in commits and mails need the site's address."""
    if settings.BASE_URL:
        return []
    hint = "Set KARGOWEB_URL to the address people use, for example https://kargo.example.com."
    return [checks.Warning("KARGOWEB_URL is not set, so messages cannot link here", hint=hint, id="kargoweb.W001")]
