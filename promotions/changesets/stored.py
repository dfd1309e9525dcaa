"""What the tables hold, by key, in the form that documents are compared with."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, Q
from pydantic import ValidationError

from freight.models import Freight, Warehouse
from projects.manifests import ManifestPart
from projects.models import Project, ProjectConfig
from promotions.changesets.change_set import Stored
from promotions.changesets.kinds import KINDS, Key
from promotions.models import AnalysisTemplate, PromotionTask, Stage


@dataclass(frozen=True, slots=True)
class Table:
    """Where the objects of a kind with a spec live."""

    model: type[Model]
    is_shared: bool = False


TABLES: dict[str, Table] = {
    "ProjectConfig": Table(ProjectConfig),
    "ClusterPromotionTask": Table(PromotionTask, is_shared=True),
    "ClusterAnalysisTemplate": Table(AnalysisTemplate, is_shared=True),
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
    return stored


def load_freight(project: str, names: Collection[str]) -> Iterator[tuple[Key, Stored]]:
    """Freight of a project with these names."""
    for row in Freight.objects.filter(project__name=project, name__in=names):
        yield Key("Freight", project, row.name), _from_row(row, {"alias": row.alias})


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
