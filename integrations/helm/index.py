"""index.yaml of a chart repository: the versions of one chart out of a file that may list thousands of charts. Pure.

Public repositories have indexes of 20 MB, for which a YAML reader takes minutes. `helm repo index` writes them in
one layout, so the lines of the wanted chart, and of those only the wanted fields, are cut out first and then read.
What has another layout is read whole.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integrations.errors import IntegrationError
from integrations.helm.charts import as_map, load_texts

# Reading one of these whole takes a few seconds.
MAX_UNUSUAL_BYTES = 4 * 1024 * 1024
_WANTED = ("version", "created", "digest", "urls", "appVersion", "deprecated", "name")
_ENTRIES = re.compile(r"(?m)^entries:[ \t]*\r?$\n?")
_LINE_KEY = re.compile(r"( *)(- +)?([A-Za-z][A-Za-z0-9]*):(?:\s|$)")


@dataclass(frozen=True, slots=True)
class ChartVersion:
    """One version of a chart: `urls` may be relative to the index; `digest` is the archive's SHA-256 or empty."""

    version: str
    created_at: datetime | None = None
    digest: str = ""
    urls: tuple[str, ...] = ()
    app_version: str = ""
    deprecated: bool = False


def read_versions(data: bytes, name: str) -> list[ChartVersion]:
    """The versions of a chart in the order of the index; none when it has no such chart.

    Raises a permanent IntegrationError when the data is no index.
    """
    rows = as_map(_read_entries(data, name)).get(name)
    if not isinstance(rows, list):
        return []
    found = (_read_version(as_map(row)) for row in rows)
    return [version for version in found if version is not None]


def _read_entries(data: bytes, name: str) -> Any:
    if data.lstrip()[:1] == b"{":
        try:
            return as_map(json.loads(data)).get("entries")
        except (ValueError, RecursionError) as error:
            raise IntegrationError("The index of the chart repository is not JSON.", permanent=True) from error
    text = data.decode(errors="replace")
    if (start := _ENTRIES.search(text)) is not None:
        block = _cut_block(text, start.end(), name)
        if block is not None:
            return load_texts(block.encode(), f"The entry {name} in the index of the chart repository")
    if len(data) > MAX_UNUSUAL_BYTES:
        raise IntegrationError(
            "The index of the chart repository is large and not in the layout of `helm repo index`. Rebuild it.",
            permanent=True,
        )
    document = load_texts(data, "The index of the chart repository")
    if not isinstance(document, Mapping) or "apiVersion" not in document:
        raise IntegrationError("What the chart repository calls index.yaml is no index of charts.", permanent=True)
    return document.get("entries")


def _cut_block(text: str, start: int, name: str) -> str | None:
    """`name:` and its lines; an empty map when it is not there; None when the layout is another one."""
    first = re.compile(r"( +)\S").match(text, start)
    if first is None:
        return None
    indent = first[1]
    head = re.compile(rf"(?m)^{indent}[\"']?{re.escape(name)}[\"']?:[ \t]*\r?$\n?").search(text, start)
    end_of_entries = re.compile(r"(?m)^[^\s#-]").search(text, start)
    limit = end_of_entries.start() if end_of_entries else len(text)
    if head is None or head.start() >= limit:
        # Whether it is missing or written in another way, only a search for the name anywhere tells.
        return None if re.search(rf"(?m)^\s*[\"']?{re.escape(name)}[\"']?\s*:", text[start:limit]) else "{}"
    following = re.compile(rf"(?m)^{indent}[^\s-]").search(text, head.end())
    stop = min(following.start() if following else limit, limit)
    lines = "".join(_thin_out(text[head.end() : stop]))
    return f'"{name}":\n{lines}' if lines.strip() else None


def _thin_out(block: str) -> Iterator[str]:
    """Only the fields that are read; deeper lines belong to the field before them."""
    column, is_wanted = -1, False
    for line in block.splitlines(keepends=True):
        match = _LINE_KEY.match(line)
        if match is not None:
            spaces, dash, key = match[1], match[2] or "", match[3]
            if dash and (column < 0 or len(spaces) + len(dash) == column):
                column = len(spaces) + len(dash)
                is_wanted = key in _WANTED
                # The item must begin even where its first field is not wanted.
                yield line if is_wanted else f"{spaces}{dash}unread:\n"
                continue
            if not dash and len(spaces) == column:
                is_wanted = key in _WANTED
        if is_wanted:
            yield line


def _read_version(row: Mapping[str, Any]) -> ChartVersion | None:
    version = row.get("version")
    if not isinstance(version, str) or not version:
        return None
    urls = row.get("urls")
    return ChartVersion(
        version,
        _read_time(row.get("created")),
        str(row.get("digest") or "").removeprefix("sha256:"),
        tuple(url for url in urls if isinstance(url, str)) if isinstance(urls, list) else (),
        str(row.get("appVersion") or ""),
        str(row.get("deprecated")).lower() == "true",
    )


def _read_time(value: object) -> datetime | None:
    """Go writes nanoseconds, of which six digits are kept."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value.strip()))
    except ValueError:
        return None
    return moment if moment.tzinfo else None
