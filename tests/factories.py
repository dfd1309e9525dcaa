"""Builds rows for tests: plain functions, one for each kind of thing. Everything left out gets a sane value."""

import itertools
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from freight.assembly import freight_name
from freight.models import Artifact, Freight, Subscription, Warehouse
from freight.subscriptions.base import ArtifactDraft
from projects.actors import Actor
from projects.models import Member, Project, RoleGrant
from promotions.models import Promotion, Stage
from promotions.phases import TERMINAL, Phase

_numbers = itertools.count(1)
IMAGE = "ghcr.io/example/app"
REPOSITORY = "https://git.example.com/example/app.git"
PASSWORD = "correct horse battery staple"


def make_project(name: str = "shop", **fields: Any) -> Project:
    return Project.objects.create(name=name, **fields)


def make_user(username: str = "alice", **fields: Any) -> User:
    """A person who signs in with `PASSWORD`."""
    fields.setdefault("email", f"{username}@example.com")
    return User.objects.create_user(username, password=PASSWORD, **fields)


def make_member(project: Project, user: User | str, role: str = "viewer", stages: Sequence[str] = ()) -> Member:
    """Add a person (or make the person of that user name) with a role; call again to add a role."""
    person = make_user(user) if isinstance(user, str) else user
    member, _ = Member.objects.get_or_create(project=project, user=person)
    RoleGrant.objects.create(member=member, role=role, stages=list(stages))
    return member


def actor_for(user: User) -> Actor:
    """The actor a signed-in person is for domain functions."""
    return Actor(label=f"email:{user.email}", name=user.username, user_id=user.pk)


def make_warehouse(
    project: Project,
    name: str = "main",
    subscriptions: Sequence[Mapping[str, Any]] | None = None,
    *,
    spec: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Warehouse:
    """A warehouse with its subscription rows; `subscriptions` as in Kargo: [{"image": {"repoURL": ...}}]."""
    listed = [dict(item) for item in subscriptions or [{"image": {"repoURL": IMAGE}}]]
    defaults = {"interval": "5m0s", "freightCreationPolicy": "Automatic"}
    warehouse = Warehouse.objects.create(
        project=project, name=name, spec={**defaults, **(spec or {}), "subscriptions": listed}, **fields
    )
    for position, item in enumerate(listed):
        kind = next(key for key in item if key != "name")
        Subscription.objects.create(
            warehouse=warehouse,
            position=position,
            name=item.get("name", ""),
            kind=kind,
            repo_url=item[kind]["repoURL"],
        )
    return warehouse


def make_freight(
    warehouse: Warehouse,
    *,
    images: Sequence[Mapping[str, Any]] | None = None,
    commits: Sequence[Mapping[str, Any]] = (),
    charts: Sequence[Mapping[str, Any]] = (),
    discovered_at: datetime | None = None,
    alias: str = "",
    **fields: Any,
) -> Freight:
    """Freight of a warehouse; with no artifact given, one image whose tag is new each time.

    Artifacts are mappings of `ArtifactDraft` fields: images=[{"repo_url": ..., "tag": ..., "digest": ...}].
    """
    number = next(_numbers)
    if images is None and not commits and not charts:
        images = [{"tag": f"1.0.{number}"}]
    drafts = [
        ArtifactDraft(kind=kind, **{"repo_url": default, **dict(item)})
        for kind, default, items in (
            ("commit", REPOSITORY, commits),
            ("image", IMAGE, [{"digest": f"sha256:{number:064x}", **item} for item in images or ()]),
            ("chart", "https://charts.example.com", charts),
        )
        for item in items
    ]
    freight = Freight.objects.create(
        project=warehouse.project,
        name=freight_name(warehouse.name, drafts),
        alias=alias or f"calm-otter-{number}",
        warehouse=warehouse,
        warehouse_name=warehouse.name,
        discovered_at=discovered_at or timezone.now(),
        **{"created_by": "controller:warehouse", **fields},
    )
    for position, draft in enumerate(drafts):
        Artifact.objects.create(freight=freight, position=position, **draft.columns())
    return freight


def make_stage(
    project: Project,
    name: str = "test",
    *,
    warehouse: Warehouse | Sequence[Warehouse] | None = None,
    upstream: Stage | Sequence[Stage] | None = None,
    steps: Sequence[Mapping[str, Any]] | None = None,
    variables: Sequence[Mapping[str, Any]] = (),
    sources: Mapping[str, Any] | None = None,
    spec: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Stage:
    """A stage fed by its warehouses directly, or by `upstream` with the same origins.

    `sources` adds to every source ({"requiredSoakTime": "1h"}); `spec` to the whole spec. steps=[] makes a
    control-flow stage.
    """
    given = _as_list(upstream)
    if given:
        origins = list(dict.fromkeys(origin for stage in given for origin in stage.origins))
        source = {"stages": [stage.name for stage in given], **(sources or {})}
    else:
        origins = [item.origin for item in _as_list(warehouse) or list(project.warehouses.all()[:1])]
        source = {"direct": True, **(sources or {})}
    planned = [{"uses": "fail", "config": {"message": "never run"}}] if steps is None else list(steps)
    requested = [
        {"origin": dict(zip(("kind", "name"), origin.split("/", 1), strict=True)), "sources": source}
        for origin in origins
    ]
    body = {
        "vars": list(variables),
        "requestedFreight": requested,
        **({"promotionTemplate": {"spec": {"vars": [], "steps": planned}}} if planned else {}),
        **(spec or {}),
    }
    return Stage.objects.create(
        project=project, name=name, spec=body, **{"code": _free_code(project, name), **fields}
    )


def make_promotion(stage: Stage, freight: Freight, *, phase: Phase = Phase.PENDING, **fields: Any) -> Promotion:
    """A promotion row as it stands in a phase; its steps are those of the stage."""
    now = timezone.now()
    number = project_number(stage.project)
    values: dict[str, Any] = {
        "project": stage.project,
        "number": number,
        "name": f"{stage.name}.{number:026d}.{freight.name[:7]}",
        "stage_name": stage.name,
        "stage_generation": stage.generation,
        "freight_name": freight.name,
        "freight_alias": freight.alias,
        "origin": freight.origin,
        "actor_label": "",
        "actor_name": "controller",
        "steps": stage.steps,
        "created_at": now,
        "started_at": None if phase == Phase.PENDING else now,
        "finished_at": now if phase in TERMINAL else None,
    }
    return Promotion.objects.create(stage=stage, freight=freight, phase=phase, **{**values, **fields})


def project_number(project: Project) -> int:
    """Take the project's next promotion number."""
    project.refresh_from_db(fields=["last_promotion_number"])
    project.last_promotion_number += 1
    project.save(update_fields=["last_promotion_number"])
    return project.last_promotion_number


def _as_list(given: Any) -> list[Any]:
    if given is None:
        return []
    return list(given) if isinstance(given, list | tuple) else [given]


def _free_code(project: Project, name: str) -> str:
    """Three characters no stage of the project has yet, near its name."""
    taken = set(project.stages.values_list("code", flat=True))
    wanted = "".join(char for char in name.upper() if char.isalnum())[:3].ljust(3, "X")
    endings = (f"{number:02d}" for number in range(100))
    return next(code for code in (wanted, *(wanted[0] + end for end in endings)) if code not in taken)
