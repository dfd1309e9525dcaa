"""The configured receivers and their secret addresses.

Source: Kargo docs "Webhook Receivers" (status.webhookReceivers), code `pkg/webhook/external/receiver.go`.
Differs: nothing is written into a status; the page computes the address, and rows hold its hash to find it by. Two
receivers that come to the same address have none.
"""

import hashlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, Sum

from freight.models import Receiver
from freight.receivers.base import Sender
from freight.receivers.registry import SENDERS
from projects.credentials import find_secret
from projects.encryption import SecretUnreadable
from projects.models import ClusterConfig, Credential, Project, ProjectConfig

PREFIX = "/webhooks/"


@dataclass(frozen=True, slots=True)
class Configured:
    """One receiver as configured. Without a usable secret there is a problem instead of an address."""

    project: Project | None
    name: str
    sender: Sender
    config: Mapping[str, Any]
    secret: str
    problem: str = ""

    @property
    def digest(self) -> str:
        """The secret part of the path, as Kargo derives it; empty without a secret."""
        if self.problem:
            return ""
        project = self.project.name if self.project else ""
        return hashlib.sha256(f"{project}{self.name}{self.secret}".encode()).hexdigest()

    @property
    def path(self) -> str:
        """Where the sender has to send to; empty without a secret."""
        return f"{PREFIX}{self.sender.name}/{self.digest}" if self.digest else ""


def list_configured(project: Project | None) -> list[Configured]:
    """The receivers of a project in the order they are configured; without a project those of the whole site."""
    listed = _read_spec(project).get("webhookReceivers") or ()
    return [_configure(project, item) for item in listed if any(item.get(kind) is not None for kind in SENDERS)]


def find_receiver(sender: str, digest: str) -> tuple[Receiver, Configured] | None:
    """The receiver behind a path. Its configuration and secret are read afresh: an old address is none at once."""
    for look_again in (True, False):
        rows = list(Receiver.objects.filter(address=_hash(sender, digest)).select_related("project")[:2])
        if len(rows) == 1 and (configured := find_configured(rows[0])) is not None and configured.digest == digest:
            return rows[0], configured
        if look_again and not _index.follow():
            return None
    return None


def find_configured(receiver: Receiver) -> Configured | None:
    """The configuration of a stored receiver, if it still has one."""
    return next((item for item in list_configured(receiver.project) if item.name == receiver.name), None)


def sync_receivers() -> None:
    """Make the rows fit all configurations and secrets."""
    wanted = {(item.project.pk if item.project else None, item.name): item for item in _list_all()}
    kept: set[tuple[int | None, str]] = set()
    for row in Receiver.objects.all():
        key = (row.project_id, row.name)
        if key not in wanted:
            row.delete()
            continue
        kept.add(key)
        sender, address = wanted[key].sender.name, _address_of(wanted[key])
        if (row.sender, row.address) != (sender, address):
            Receiver.objects.filter(pk=row.pk).update(sender=sender, address=address)
    for key in wanted.keys() - kept:
        item = wanted[key]
        values = {"sender": item.sender.name, "address": _address_of(item)}
        Receiver.objects.get_or_create(project=item.project, name=item.name, defaults=values)


class _Index:
    """Whether the rows are behind: asked only for an address that no row has, so it must cost little."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: tuple[Any, ...] = ()

    def follow(self) -> bool:
        """Sync the rows if anything they hang on has changed since the last look; tells whether it had."""
        now = _describe_state()
        with self._lock:
            if now == self._seen:
                return False
            sync_receivers()
            self._seen = now
        return True


_index = _Index()


def _describe_state() -> tuple[Any, ...]:
    """Changes with every change of a configuration or a secret."""
    secrets = Credential.objects.aggregate(Count("pk"), Max("pk"), Max("set_at"))
    configs = ProjectConfig.objects.aggregate(Count("pk"), Max("pk"), Sum("generation"))
    site = ClusterConfig.objects.aggregate(Count("pk"), Max("pk"), Sum("generation"))
    rows = Receiver.objects.aggregate(Count("pk"), Max("pk"))
    return (*secrets.values(), *configs.values(), *site.values(), *rows.values())


def _list_all() -> Iterator[Configured]:
    yield from list_configured(None)
    for config in ProjectConfig.objects.select_related("project"):
        if config.spec.get("webhookReceivers"):
            yield from list_configured(config.project)


def _read_spec(project: Project | None) -> Mapping[str, Any]:
    if project is None:
        site = ClusterConfig.objects.first()
        return site.spec if site else {}
    config = ProjectConfig.objects.filter(project=project).first()
    return config.spec if config else {}


def _configure(project: Project | None, item: Mapping[str, Any]) -> Configured:
    kind = next(kind for kind in SENDERS if item.get(kind) is not None)
    sender, config = SENDERS[kind], item[kind]
    name = (config.get("secretRef") or {}).get("name") or ""
    secret, problem = _read_secret(project, name, sender.secret_key)
    return Configured(project, item["name"], sender, config, secret, problem)


def _read_secret(project: Project | None, name: str, key: str) -> tuple[str, str]:
    try:
        values = find_secret(project, name)
    except SecretUnreadable as error:
        return "", error.message
    if not values:
        whose = "this project" if project else "what all projects share"
        return "", f'There is no secret "{name}" in {whose}. Add a generic secret of that name with the key "{key}".'
    if not values.get(key):
        return "", f'The secret "{name}" has no value under the key "{key}". Set it again with that key.'
    return values[key], ""


def _address_of(item: Configured) -> str:
    return _hash(item.sender.name, item.digest) if item.digest else ""


def _hash(sender: str, digest: str) -> str:
    return hashlib.sha256(f"{sender}/{digest}".encode()).hexdigest()
