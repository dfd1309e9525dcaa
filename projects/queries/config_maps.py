"""What the page of a project's config maps shows."""

from dataclasses import dataclass
from datetime import datetime

from projects.models import ConfigMap, Project


@dataclass(frozen=True, slots=True)
class ConfigMapRow:
    """One config map; its texts by key in order, each with whether it has several lines."""

    name: str
    texts: tuple[tuple[str, str, bool], ...]
    set_at: datetime


def list_config_maps(project: Project | None) -> list[ConfigMapRow]:
    """The project's own by name; without a project those that all share."""
    return [
        ConfigMapRow(row.name, tuple((key, text, "\n" in text) for key, text in sorted(row.data.items())), row.set_at)
        for row in ConfigMap.objects.filter(project=project)
    ]
