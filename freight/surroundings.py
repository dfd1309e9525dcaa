"""What a look at a subscription may use: where it may go, for how long, on whose behalf, and what is remembered."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from freight.known_images import ImageTable
from freight.models import Warehouse
from freight.subscriptions.base import Surroundings
from integrations.errors import Aborted, IntegrationError, TimedOut
from integrations.git.urls import normalize_git_url
from integrations.http_policy import HttpPolicy
from integrations.oci.rate import Visit
from integrations.oci.references import parse_repository

# A look comes again by itself, so it waits for nobody as long as a promotion would.
_TIMEOUT, _ATTEMPTS, _LONGEST_WAIT = timedelta(seconds=20), 2, timedelta(seconds=2)


def make_surroundings(project: str, *, should_stop: Callable[[], bool], seen_after: datetime) -> Surroundings:
    """Surroundings of a look for a project that begins now; credentials and earlier results are for the caller."""
    is_allowed = settings.ALLOW_PRIVATE_ADDRESSES
    return Surroundings(
        credentials=None,
        mirrors=Path(settings.DATA_DIR) / "mirrors",
        policy=HttpPolicy(
            allow_loopback=is_allowed,
            allow_private_addresses=is_allowed,
            proxy_rules=settings.PROXY_RULES,
            timeout=_TIMEOUT,
            attempts=_ATTEMPTS,
            longest_wait=_LONGEST_WAIT,
        ),
        should_stop=should_stop,
        seen_after=seen_after,
        visit=_visit(project, settings.REGISTRY_TIMEOUT, should_stop),
        images=ImageTable(),
        cache_by_tag=settings.CACHE_BY_TAG,
    )


def list_hosts(warehouse_id: int) -> frozenset[str]:
    """The hosts that a warehouse watches; none when it is gone."""
    spec = Warehouse.objects.filter(pk=warehouse_id).values_list("spec", flat=True).first() or {}
    found = set()
    for item in spec.get("subscriptions", ()):
        for kind, read in (("git", _git_host), ("image", _image_host), ("chart", _chart_host)):
            if item.get(kind):
                found.add(read(item[kind]["repoURL"]))
    return frozenset(found - {""})


def _visit(project: str, length: timedelta, should_stop: Callable[[], bool]) -> Visit:
    ends_at = time.monotonic() + length.total_seconds()

    def check() -> None:
        if should_stop():
            raise Aborted("The look at the registry was stopped")
        if time.monotonic() > ends_at:
            seconds = f"{length.total_seconds():g} s"
            raise TimedOut(f"The registry was too slow: one check may ask for {seconds}, and that was not enough.")

    return Visit(project, check)


def _git_host(url: str) -> str:
    return urlsplit(normalize_git_url(url)).netloc.rpartition("@")[2]


def _image_host(url: str) -> str:
    try:
        return parse_repository(url).host
    except IntegrationError:
        return ""


def _chart_host(url: str) -> str:
    return _image_host(url) if url.lower().startswith("oci://") else urlsplit(url.lower()).netloc.rpartition("@")[2]
