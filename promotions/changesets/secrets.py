"""Secrets in change sets: which of their texts change is shown, what the texts are is not."""

from collections.abc import Mapping
from typing import Any

from projects.data_manifests import HIDDEN
from promotions.changesets.change_set import Stored
from promotions.changesets.kinds import Key
from promotions.changesets.parsing import Entry
from promotions.changesets.rendering import diff_objects, render_object

_NEW = "(not shown, another one)"


def diff_secret(entry: Entry, before: Stored | None) -> str:
    """Unified diff of a Secret without its secrets; one that changes has other words in its place."""
    metadata = entry.manifest.metadata
    sealed = {} if before is None else before.contents["sealed"]
    new = _render(entry.key, entry.contents, sealed, metadata.labels, metadata.annotations)
    old = "" if before is None else _render(entry.key, before.contents, sealed, before.labels, before.annotations)
    return diff_objects(old, new)


def _render(
    key: Key,
    contents: Mapping[str, Any],
    stored: Mapping[str, str],
    labels: Mapping[str, str],
    annotations: Mapping[str, str],
) -> str:
    hidden = {
        name: HIDDEN if stored.get(name, digest) == digest else _NEW for name, digest in contents["sealed"].items()
    }
    return render_object(key, {"stringData": {**contents["open"], **hidden}}, labels=labels, annotations=annotations)
