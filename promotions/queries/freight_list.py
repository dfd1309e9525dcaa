"""Freight of one project: the list, searched and page by page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from freight.models import Freight
from freight.queries.origins import letter_of, read_letters
from projects.models import Project
from promotions.models import FreightApproval, FreightVerification, Occupancy, Stage
from promotions.queries.freight_artifacts import ArtifactLine, list_lines, newest_commit
from promotions.queries.freight_search import search_freight

_PAGE = 50


@dataclass(frozen=True, slots=True)
class FreightRow:
    """One line. `stages`: (name, code, depth) of those it is in; `marks`: (word, stages) of verified and approved."""

    alias: str
    name: str
    letter: str
    origin: str
    at: datetime
    artifacts: tuple[ArtifactLine, ...]
    subject: str
    stages: tuple[tuple[str, str, int], ...]
    marks: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class FreightTable:
    """A page; `older` is the name to ask for the next one with, empty on the last."""

    rows: tuple[FreightRow, ...]
    older: str


def read_freight_table(project: Project, *, text: str, before: str) -> FreightTable:
    """Newest first, after the freight named `before`; `text` is looked for in alias, versions and commits."""
    rows = search_freight(Freight.objects.filter(project=project), text)
    last = Freight.objects.filter(project=project, name=before).first() if before.isalnum() else None
    if last is not None:
        rows = rows.filter(
            Q(discovered_at__lt=last.discovered_at) | Q(discovered_at=last.discovered_at, name__lt=last.name)
        )
    found = list(rows.prefetch_related("artifacts")[: _PAGE + 1])
    shown = found[:_PAGE]
    letters, stages, marks = read_letters(project), _read_stages(shown), _read_marks(shown)
    lines = [_row(freight, letters, stages.get(freight.pk, []), marks.get(freight.pk, {})) for freight in shown]
    return FreightTable(tuple(lines), shown[-1].name if len(found) > _PAGE else "")


def _read_stages(shown: Sequence[Freight]) -> dict[int, list[Stage]]:
    stays = Occupancy.objects.filter(freight__in=[freight.pk for freight in shown], until__isnull=True)
    found: dict[int, list[Stage]] = {}
    for stay in stays.select_related("stage").order_by("stage__column", "stage__row"):
        found.setdefault(stay.freight_id, []).append(stay.stage)
    return found


def _read_marks(shown: Sequence[Freight]) -> dict[int, dict[str, list[str]]]:
    """Primary key of freight -> status word -> stages that verified it, or that it is approved for."""
    ids = [freight.pk for freight in shown]
    found: dict[int, dict[str, list[str]]] = {}
    for word, marks in (("Verified", FreightVerification.objects), ("Approved", FreightApproval.objects)):
        rows = marks.filter(freight__in=ids).order_by("stage__column", "stage__row")
        for freight_id, stage in rows.values_list("freight_id", "stage__name"):
            found.setdefault(freight_id, {}).setdefault(word, []).append(stage)
    return found


def _row(
    freight: Freight, letters: dict[str, str], stages: Sequence[Stage], marks: Mapping[str, Sequence[str]]
) -> FreightRow:
    artifacts = list(freight.artifacts.all())
    commit = newest_commit(artifacts)
    return FreightRow(
        alias=freight.alias,
        name=freight.name,
        letter=letter_of(letters, freight.warehouse_name),
        origin=freight.warehouse_name,
        at=freight.discovered_at,
        artifacts=list_lines(artifacts, None),
        subject=commit.message if commit else "",
        stages=tuple((stage.name, stage.code, stage.depth) for stage in stages),
        marks=tuple((word, ", ".join(names)) for word, names in marks.items()),
    )
