"""Assembly: artifacts become freight, with an identity that says what is inside and an alias people can say.

Source: Kargo `Freight.GenerateID`, Freight webhook (admission), warehouse controller.
"""

import hashlib
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from freight.aliases import random_alias
from freight.errors import ArtifactsDoNotFit
from freight.models import Artifact, ArtifactKind, Freight, Subscription, Warehouse
from freight.subscriptions.base import ArtifactDraft
from freight.subscriptions.registry import get_type
from integrations.git.urls import normalize_git_url
from integrations.oci.references import normalize_chart
from projects.actors import Actor
from projects.audit import record
from projects.errors import DomainError
from projects.events import record_event
from projects.models import Project
from projects.notices import announce

# With two hundred times two hundred and fifty aliases, twenty misses in a row mean that most are taken.
_ALIAS_TRIES = 20


def freight_name(warehouse_name: str, artifacts: Sequence[ArtifactDraft]) -> str:
    """Kargo's id of freight: forty hexadecimal digits that depend on origin and versions alone."""
    parts = sorted((_identity(artifact) for artifact in artifacts), key=str.encode)
    text = f"Warehouse/{warehouse_name}:{'|'.join(parts)}"
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def propose_artifacts(
    warehouse: Warehouse,
    rows: Sequence[Subscription],
    *,
    picks: Mapping[int, str] | None = None,
    also: Sequence[ArtifactDraft] = (),
) -> list[ArtifactDraft]:
    """One artifact of each subscription: the best one found, or the one whose `version_id` is picked.

    `picks` maps positions of subscriptions to version ids; `also` may be picked though it is not found any more.
    Raises DomainError when there is nothing to take.
    """
    return [_choose(warehouse, row, (picks or {}).get(row.position), also) for row in rows]


def list_drafts(warehouse: Warehouse, row: Subscription) -> list[ArtifactDraft]:
    """An artifact of everything that the subscription found, best first."""
    item, kind = warehouse.spec["subscriptions"][row.position], get_type(row.kind)
    return [kind.draft(item[row.kind], row.name, found) for found in row.found]


def draft_of(artifact: Artifact) -> ArtifactDraft:
    """What an artifact of freight was made of."""
    return ArtifactDraft(**{field.name: getattr(artifact, field.name) for field in fields(ArtifactDraft)})


def belongs_to(draft: ArtifactDraft, item: Mapping[str, Any]) -> bool:
    """Is it an artifact of this entry of `spec.subscriptions`?"""
    return _key_of_artifact(draft) == _key_of_subscription(item)


def create_freight(
    warehouse: Warehouse,
    artifacts: Sequence[ArtifactDraft],
    *,
    actor: Actor,
    now: datetime,
    alias: str = "",
) -> tuple[Freight, bool]:
    """Make freight unless the same exists; says whether it is new. An empty `alias` means a random one.

    Raises ArtifactsDoNotFit, or DomainError when the alias is taken.
    """
    check_artifacts(warehouse, artifacts)
    same = Freight.objects.filter(project=warehouse.project, name=freight_name(warehouse.name, artifacts))
    for _ in range(_ALIAS_TRIES):
        if existing := same.first():
            return existing, False
        chosen = alias or _free_alias(warehouse.project)
        try:
            with transaction.atomic():
                return _insert(warehouse, artifacts, chosen, actor=actor, now=now), True
        except IntegrityError:
            # Somebody was quicker, with the same artifacts or with the alias; anything else is a bug.
            taken = Freight.objects.filter(project=warehouse.project, alias=chosen)
            if not same.exists() and not taken.exists():
                raise
            if alias and not same.exists():
                break
    raise DomainError(
        f'The alias "{alias or chosen}" is taken in project "{warehouse.project.name}". Choose another one.'
    )


def check_artifacts(warehouse: Warehouse, artifacts: Sequence[ArtifactDraft]) -> None:
    """Each subscription has exactly one artifact and each artifact a subscription, else ArtifactsDoNotFit."""
    wanted = [_key_of_subscription(item) for item in warehouse.spec["subscriptions"]]
    given = [_key_of_artifact(artifact) for artifact in artifacts]
    problems = [f"no artifact found for the subscription to {_say(key)}" for key in wanted if key not in given]
    for key in dict.fromkeys(given):
        if key not in wanted and key[0] != ArtifactKind.OTHER:
            problems.append(f"no subscription to {_say(key)} found")
        if given.count(key) > 1 and key in wanted:
            problems.append(f"{given.count(key)} artifacts given for the subscription to {_say(key)}")
    if not artifacts:
        problems = ["it holds no artifact"]
    if problems:
        raise ArtifactsDoNotFit(
            f'Freight of Warehouse "{warehouse.name}" cannot be made: {"; ".join(problems)}. '
            "Give one artifact for each of its subscriptions."
        )


def _insert(
    warehouse: Warehouse, artifacts: Sequence[ArtifactDraft], alias: str, *, actor: Actor, now: datetime
) -> Freight:
    freight = Freight.objects.create(
        project=warehouse.project,
        name=freight_name(warehouse.name, artifacts),
        alias=alias,
        warehouse=warehouse,
        warehouse_name=warehouse.name,
        discovered_at=now,
        created_by=actor.label,
    )
    Artifact.objects.bulk_create(
        Artifact(freight=freight, position=position, **artifact.columns())
        for position, artifact in enumerate(artifacts)
    )
    record(
        actor,
        "created",
        project=warehouse.project,
        target_kind="Freight",
        target_name=alias,
        facts={
            "name": freight.name,
            "origin": freight.origin,
            "artifacts": [f"{item.repo_url} {item.version_id}".strip() for item in artifacts],
        },
        at=now,
    )
    record_event(
        warehouse.project,
        "FreightCreated",
        message=f'Freight "{alias}" created from Warehouse "{warehouse.name}"',
        actor_label=actor.label,
        target_kind="freight",
        target_name=alias,
        data={"freight": {"name": freight.name, "alias": alias, "createTime": now.isoformat()}},
        now=now,
    )
    announce(warehouse.project, "freight", now=now)
    return freight


def _free_alias(project: Project) -> str:
    alias = random_alias()
    for attempt in range(2, _ALIAS_TRIES):
        if not Freight.objects.filter(project=project, alias=alias).exists():
            break
        alias = random_alias() if attempt < _ALIAS_TRIES // 2 else f"{random_alias()}-{attempt}"
    return alias


def _choose(
    warehouse: Warehouse, row: Subscription, version_id: str | None, also: Sequence[ArtifactDraft]
) -> ArtifactDraft:
    item = warehouse.spec["subscriptions"][row.position]
    drafts = [*list_drafts(warehouse, row), *(draft for draft in also if belongs_to(draft, item))]
    if version_id is not None:
        drafts = [draft for draft in drafts if draft.version_id == version_id]
    if not drafts:
        what = f'"{version_id}" is no longer among the versions' if version_id else "Nothing was"
        raise DomainError(f"{what} found for {row.kind} {row.repo_url}. Refresh the warehouse, then choose again.")
    return drafts[0]


def _identity(artifact: ArtifactDraft) -> str:
    if artifact.kind == ArtifactKind.OTHER:
        return f"{artifact.artifact_type}:{artifact.subscription_name}:{artifact.version}"
    if artifact.kind == ArtifactKind.COMMIT:
        pieces = [normalize_git_url(artifact.repo_url), artifact.tag, artifact.commit_id]
    elif artifact.kind == ArtifactKind.IMAGE:
        # As written: two spellings of one repository are two ids, as in Kargo.
        pieces = [artifact.repo_url, f"{artifact.tag}@{artifact.digest}"]
    else:
        pieces = [_join(normalize_chart(artifact.repo_url), artifact.chart_name), artifact.version]
    return ":".join(piece for piece in (*pieces, artifact.subscription_name) if piece)


def _join(url: str, name: str) -> str:
    """Go's path.Join, which makes one slash of the two in https:// as well."""
    return posixpath.normpath(re.sub("/+", "/", f"{url}/{name}"))


def _key_of_subscription(item: Mapping[str, Any]) -> tuple[str, str]:
    if item.get("git"):
        return ArtifactKind.COMMIT.value, normalize_git_url(item["git"]["repoURL"])
    if item.get("image"):
        return ArtifactKind.IMAGE.value, item["image"]["repoURL"]
    chart = item["chart"]
    return ArtifactKind.CHART.value, _join(normalize_chart(chart["repoURL"]), chart.get("name", ""))


def _key_of_artifact(artifact: ArtifactDraft) -> tuple[str, str]:
    if artifact.kind == ArtifactKind.COMMIT:
        return artifact.kind, normalize_git_url(artifact.repo_url)
    if artifact.kind == ArtifactKind.CHART:
        return artifact.kind, _join(normalize_chart(artifact.repo_url), artifact.chart_name)
    return artifact.kind, artifact.repo_url or artifact.artifact_type


def _say(key: tuple[str, str]) -> str:
    return f'{"git repository" if key[0] == ArtifactKind.COMMIT else key[0]} "{key[1]}"'
