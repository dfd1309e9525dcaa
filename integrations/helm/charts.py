"""Chart.yaml and Chart.lock: the dependencies of a chart, and what changed between two locks."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from integrations.errors import IntegrationError

MAX_CHART_BYTES = 1024 * 1024
# Such texts take a YAML reader minutes.
_DEEP = re.compile(rb"(?:[\[{]\s*){100}")
LOCAL_SCHEME = "file://"
OCI_SCHEME = "oci://"


@dataclass(frozen=True, slots=True)
class Dependency:
    """One entry of `dependencies`; in Chart.lock `version` is exact. Empty texts for what is left out."""

    name: str
    repository: str
    version: str


def read_dependencies(file: Path) -> list[Dependency]:
    """The dependencies that a Chart.yaml or Chart.lock lists. Raises IntegrationError, FileNotFoundError."""
    with file.open("rb") as opened:
        data = opened.read(MAX_CHART_BYTES + 1)
    if len(data) > MAX_CHART_BYTES:
        raise IntegrationError(f"{file.name} is larger than 1 MiB, the limit here.", permanent=True)
    listed = as_map(load_texts(data, file.name)).get("dependencies")
    rows = [as_map(row) for row in listed] if isinstance(listed, list) else []
    return [Dependency(*(_text(row.get(key)) for key in ("name", "repository", "version"))) for row in rows]


def compare_versions(before: Sequence[Dependency], after: Sequence[Dependency]) -> dict[str, str]:
    """What changed, by name and sorted: `1.0.0 -> 1.1.0`, `1.1.0` (added) or `removed`."""
    old = {each.name: each.version for each in before}
    changes = {}
    for each in after:
        version = old.pop(each.name, None)
        if version is None:
            changes[each.name] = each.version
        elif version != each.version:
            changes[each.name] = f"{version} -> {each.version}"
    changes |= dict.fromkeys(old, "removed")
    return dict(sorted(changes.items()))


def load_texts(data: bytes, what: str) -> Any:
    """YAML with every scalar as text, so that version 1.10 stays 1.10. Raises a permanent IntegrationError."""
    if _DEEP.search(data):
        raise IntegrationError(f"{what} is nested too deeply.", permanent=True)
    try:
        return YAML(typ="base", pure=True).load(data.decode())
    except (YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark else ""
        raise IntegrationError(f"{what} is not YAML that can be read{where}.", permanent=True) from error


def as_map(value: object) -> Mapping[str, Any]:
    """The value if it is a map, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
