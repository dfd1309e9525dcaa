"""Writers: one change to its row, with what hangs on it: subscriptions, due times, codes, audit entry."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from freight.assembly import create_freight
from freight.models import Freight, Subscription, Warehouse
from freight.requests import rename_alias
from projects.actors import Actor
from projects.audit import record
from projects.config_maps import set_config_map
from projects.credentials import set_credential
from projects.data_manifests import ConfigMapManifest, SecretManifest
from projects.models import Credential, Member, Project, ProjectConfig, Role, RoleGrant
from projects.wakeup import wake
from promotions.changesets.change_set import Change, ChangeAction
from promotions.changesets.freight_documents import drafts_of
from promotions.changesets.stored import TABLES
from promotions.models import Stage
from promotions.stage_codes import choose_code

_DESCRIPTION = "kargo.akuity.io/description"
_TYPES = ("git", "image", "chart")


def write_change(actor: Actor, change: Change, *, now: datetime) -> None:
    """Create or update the object and record it; inside the caller's transaction."""
    writer = _WRITERS.get(change.kind, _write_object)
    writer(actor, change, now)


def _write_project(actor: Actor, change: Change, now: datetime) -> None:
    metadata = change.entry.manifest.metadata
    project, is_new = Project.objects.update_or_create(
        name=change.name,
        defaults={
            "description": metadata.annotations.get(_DESCRIPTION, ""),
            "labels": metadata.labels,
            "annotations": metadata.annotations,
            "source": change.entry.document.source,
        },
    )
    if is_new and actor.user_id is not None:
        member = Member.objects.create(project=project, user_id=actor.user_id)
        RoleGrant.objects.create(member=member, role=Role.OWNER)
    _record(actor, change, project, now)


def _write_object(actor: Actor, change: Change, now: datetime) -> None:
    """Any object that is a row with a spec."""
    project = Project.objects.get(name=change.project) if change.project else None
    row = _row_of(change, project)
    _fill(row, change, now)
    if isinstance(row, Stage) and not row.code:
        row.code = choose_code(row.name, set(Stage.objects.filter(project=project).values_list("code", flat=True)))
    if change.before is None:
        row.save(force_insert=True)
    else:
        row.save(update_fields=_written_fields(row))
    if isinstance(row, Warehouse):
        _follow_warehouse(row, change)
    elif isinstance(row, Stage):
        wake("promotions.reconcile_stage", row.pk)
    elif isinstance(row, ProjectConfig):
        _stages_are_due(row.project, now)
    _record(actor, change, project, now)


def _row_of(change: Change, project: Project | None) -> Any:
    model = TABLES[change.kind].model
    if change.before is not None:
        return model._default_manager.get(pk=change.before.pk)
    if model is ProjectConfig:
        return ProjectConfig(project=project)
    return model(project=project, name=change.name)


def _fill(row: Any, change: Change, now: datetime) -> None:
    metadata = change.entry.manifest.metadata
    contents = change.entry.contents
    if change.before is not None and contents != change.before.contents:
        row.generation += 1
    row.spec, row.labels, row.annotations = contents, metadata.labels, metadata.annotations
    row.source = change.entry.document.source
    if isinstance(row, Warehouse | Stage):
        row.due_at = now


def _written_fields(row: Any) -> list[str]:
    """Leases and results belong to workers, which may be writing them at this moment."""
    fields = ["spec", "labels", "annotations", "source", "generation"]
    return [*fields, "due_at"] if isinstance(row, Warehouse | Stage) else fields


def _follow_warehouse(warehouse: Warehouse, change: Change) -> None:
    before = change.before.contents.get("subscriptions") if change.before else None
    subscriptions = warehouse.spec["subscriptions"]
    if subscriptions != before:
        warehouse.subscriptions.all().delete()
        Subscription.objects.bulk_create(
            _subscription_row(warehouse, position, item) for position, item in enumerate(subscriptions)
        )
    wake("freight.check_warehouse", warehouse.pk)


def _subscription_row(warehouse: Warehouse, position: int, item: dict[str, Any]) -> Subscription:
    kind = next(kind for kind in _TYPES if kind in item)
    return Subscription(
        warehouse=warehouse,
        position=position,
        name=item.get("name", ""),
        kind=kind,
        repo_url=item[kind]["repoURL"],
    )


def _stages_are_due(project: Project, now: datetime) -> None:
    """Policies may let stages take freight by themselves from now on."""
    Stage.objects.filter(project=project).update(due_at=now)
    for pk in Stage.objects.filter(project=project).values_list("pk", flat=True):
        wake("promotions.reconcile_stage", pk)


def _write_freight(actor: Actor, change: Change, now: datetime) -> None:
    """Make freight, or change its alias, labels and annotations: all that may change."""
    entry, metadata = change.entry, change.entry.manifest.metadata
    contents, alias = entry.contents, entry.contents.get("alias", "")
    if change.before is None:
        warehouse = Warehouse.objects.get(project__name=entry.key.project, name=contents["origin"]["name"])
        freight, _ = create_freight(warehouse, drafts_of(contents), actor=actor, now=now, alias=alias)
    else:
        freight = Freight.objects.select_related("project").get(pk=change.before.pk)
        if alias and alias != freight.alias:
            rename_alias(actor, freight, alias, now=now)
    labels = {"labels": metadata.labels, "annotations": metadata.annotations}
    if (freight.labels, freight.annotations) != (metadata.labels, metadata.annotations):
        Freight.objects.filter(pk=freight.pk).update(**labels)
        if change.before is not None:
            _record(actor, change, freight.project, now)


def _write_config_map(actor: Actor, change: Change, now: datetime) -> None:
    manifest = change.entry.manifest
    if not isinstance(manifest, ConfigMapManifest):
        raise TypeError(change.kind)
    set_config_map(
        actor,
        project=Project.objects.get(name=change.project) if change.project else None,
        name=change.name,
        data=manifest.data,
        labels=manifest.metadata.labels,
        annotations=manifest.metadata.annotations,
        source=change.entry.document.source,
        now=now,
    )


def _write_secret(actor: Actor, change: Change, now: datetime) -> None:
    """The text of the document is not kept: it holds the secret. What is known of expiry stays."""
    manifest = change.entry.manifest
    if not isinstance(manifest, SecretManifest):
        raise TypeError(change.kind)
    project = Project.objects.get(name=change.project) if change.project else None
    stored = Credential.objects.filter(project=project, name=change.name).first()
    set_credential(
        actor,
        project=project,
        name=change.name,
        kind=manifest.cred_type,
        repo_url=manifest.repo_url,
        repo_url_is_regex=manifest.repo_url_is_regex,
        username=manifest.username,
        details=manifest.details,
        labels=manifest.metadata.labels,
        annotations=manifest.metadata.annotations,
        expires_on=stored.expires_on if stored else None,
        secrets=manifest.secret_texts(),
        now=now,
    )


def _record(actor: Actor, change: Change, project: Project | None, now: datetime) -> None:
    facts: dict[str, Any] = {"file": change.entry.document.file}
    if change.before is not None:
        metadata = change.entry.manifest.metadata
        after = {"spec": change.entry.contents, "labels": metadata.labels, "annotations": metadata.annotations}
        before = {
            "spec": change.before.contents,
            "labels": change.before.labels,
            "annotations": change.before.annotations,
        }
        facts["changed"] = [part for part in after if after[part] != before[part]]
    action = "created" if change.action is ChangeAction.CREATED else "updated"
    record(actor, action, project=project, target_kind=change.kind, target_name=change.name, facts=facts, at=now)


_WRITERS: dict[str, Callable[[Actor, Change, datetime], None]] = {
    "Project": _write_project,
    "Freight": _write_freight,
    "ConfigMap": _write_config_map,
    "Secret": _write_secret,
}
