"""Config maps: store, delete and read texts that expressions use and that are no secrets."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from projects.actors import Actor
from projects.audit import record
from projects.credential_rules import check_keys, check_name
from projects.errors import DomainError
from projects.models import ConfigMap, Project
from projects.notices import announce

# Bytes of all keys and values of one map, as in Kubernetes.
MAX_BYTES = 1024 * 1024


def find_config_map(project: Project | None, name: str) -> dict[str, str] | None:
    """The texts of a map by key; without a project those of a shared one. None when there is none."""
    data: dict[str, str] | None = (
        ConfigMap.objects.filter(project=project, name=name).values_list("data", flat=True).first()
    )
    return data


def set_config_map(
    actor: Actor,
    *,
    project: Project | None,
    name: str,
    data: Mapping[str, str],
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    source: str = "",
    now: datetime,
) -> ConfigMap:
    """Store a map under its name; one without a project is shared by all. Raises DomainError.

    Labels and annotations that are None stay. `source` is the manifest that says all this, if there is one.
    """
    check_name(name, what="a config map")
    check_keys(data, what="a config map")
    if sum(len(key.encode()) + len(value.encode()) for key, value in data.items()) > MAX_BYTES:
        raise DomainError(f"A config map holds {MAX_BYTES // 1024**2} MiB at most. Split it into several.")
    given = {"labels": labels, "annotations": annotations}
    with transaction.atomic():
        before = ConfigMap.objects.filter(project=project, name=name).values_list("data", flat=True).first()
        row, created = ConfigMap.objects.update_or_create(
            project=project,
            name=name,
            defaults={
                **{field: dict(value) for field, value in given.items() if value is not None},
                "data": dict(data),
                "source": source,
            },
        )
        _note(actor, "created" if created else "changed", row, sorted(_changed_keys(before or {}, data)), now)
    return row


def delete_config_map(actor: Actor, config_map: ConfigMap, *, now: datetime) -> None:
    """Forget a map."""
    with transaction.atomic():
        if ConfigMap.objects.filter(pk=config_map.pk).delete()[0]:
            _note(actor, "deleted", config_map, [], now)


def _changed_keys(before: Mapping[str, str], after: Mapping[str, str]) -> set[str]:
    return {key for key in {*before, *after} if before.get(key) != after.get(key)}


def _note(actor: Actor, action: str, row: ConfigMap, keys: list[str], now: datetime) -> None:
    target = {"target_kind": "ConfigMap", "target_name": row.name}
    record(actor, action, project=row.project, facts={"keys": keys}, at=now, **target)
    if row.project is not None:
        announce(row.project, "configuration", now=now)
