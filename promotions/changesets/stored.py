"""What the tables hold, by key, in the form that documents are compared with."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, Q
from pydantic import ValidationError

from freight.models import Freight, Warehouse
from projects.credentials import SecretUnreadable, open_texts
from projects.data_manifests import CRED_TYPE, secret_contents
from projects.manifests import ManifestPart
from projects.models import ClusterConfig, ConfigMap, Credential, Project, ProjectConfig
from promotions.changesets.change_set import Stored
from promotions.changesets.kinds import KINDS, Key
from promotions.models import AnalysisTemplate, MessageChannel, PromotionTask, Stage


@dataclass(frozen=True, slots=True)
class Table:
    """Where the objects of a kind with a spec live."""

    model: type[Model]
    is_shared: bool = False


TABLES: dict[str, Table] = {
    "ClusterConfig": Table(ClusterConfig, is_shared=True),
    "ProjectConfig": Table(ProjectConfig),
    "ClusterPromotionTask": Table(PromotionTask, is_shared=True),
    "ClusterAnalysisTemplate": Table(AnalysisTemplate, is_shared=True),
    "ClusterMessageChannel": Table(MessageChannel, is_shared=True),
    "MessageChannel": Table(MessageChannel),
    "PromotionTask": Table(PromotionTask),
    "AnalysisTemplate": Table(AnalysisTemplate),
    "Warehouse": Table(Warehouse),
    "Stage": Table(Stage),
}


def load_stored(projects: Collection[str]) -> dict[Key, Stored]:
    """The names of all projects, everything in those given, and what all projects share; no freight."""
    stored: dict[Key, Stored] = {}
    for project in Project.objects.all():
        stored[Key("Project", "", project.name)] = _from_row(project, {})
    for kind, table in TABLES.items():
        chosen = Q(project__isnull=True) if table.is_shared else Q(project__name__in=projects)
        rows: Iterable[Any] = table.model._default_manager.select_related("project").filter(chosen)
        for row in rows:
            stored[_key(kind, row)] = _from_row(row, normalise(kind, row.spec))
    for config_map in ConfigMap.objects.select_related("project").filter(_own_or_shared(projects)):
        stored[_key("ConfigMap", config_map)] = _from_row(config_map, {"data": config_map.data})
    return stored


def load_freight(project: str, names: Collection[str]) -> Iterator[tuple[Key, Stored]]:
    """Freight of a project with these names."""
    for row in Freight.objects.filter(project__name=project, name__in=names):
        yield Key("Freight", project, row.name), _from_row(row, {"alias": row.alias})


def load_secrets(projects: Collection[str], names: Collection[str]) -> Iterator[tuple[Key, Stored]]:
    """Credentials with these names, of the projects and shared ones: what they are compared by, and no secret."""
    for row in Credential.objects.select_related("project").filter(_own_or_shared(projects), name__in=names):
        labels = {**row.labels, CRED_TYPE: row.kind}
        yield _key("Secret", row), Stored(row.pk, _contents_of(row), labels, row.annotations)


def _own_or_shared(projects: Collection[str]) -> Q:
    return Q(project__name__in=projects) | Q(project__isnull=True)


def _contents_of(row: Credential) -> dict[str, Any]:
    try:
        texts = open_texts(row)
    except SecretUnreadable:
        # Applying sets it again, which is the way out.
        texts = {}
    return secret_contents(
        repo_url=row.repo_url,
        is_regex=row.repo_url_is_regex,
        username=row.username,
        details=row.details,
        texts=texts,
    )


def normalise(kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    """Fill in the defaults; a spec that an older version wrote and this one cannot read stays as it is."""
    model = KINDS[kind].manifest.model_fields["spec"].annotation
    if not (isinstance(model, type) and issubclass(model, ManifestPart)):
        raise TypeError(f"{kind} has no spec")
    try:
        return model.model_validate(spec).normalised()
    except ValidationError:
        return spec


def _key(kind: str, row: Any) -> Key:
    if kind == "ProjectConfig":
        return Key(kind, row.project.name, row.project.name)
    return Key(kind, row.project.name if row.project else "", row.name)


def _from_row(row: Any, contents: dict[str, Any]) -> Stored:
    return Stored(row.pk, contents, row.labels, row.annotations, getattr(row, "source", ""))
