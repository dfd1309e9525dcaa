"""Objects to YAML for people: stable order, Kargo's field order, defaults left out, long texts as blocks. Pure.

Text that Kargo's older YAML would read as something else (yes, on, 12:30) is quoted: an export means the same there.
"""

import difflib
import io
import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

from projects.data_manifests import SHARED_NAMESPACE
from promotions.changesets.kinds import KINDS, Key
from promotions.manifests.analysis import PROVIDERS

# Below these keys the order of keys means nothing and databases do not keep it.
_FREE_FORM = frozenset(
    {"config", "labels", "annotations", "matchLabels", "parameters", "authentication", "jsonBody", *PROVIDERS}
    - {"web"}
)
_AMBIGUOUS = re.compile(r"y|n|yes|no|on|off|true|false|null|~|[-+]?[\d_]+(:[0-5]?\d)+(\.\d*)?", re.IGNORECASE)


def render_object(
    key: Key, contents: Mapping[str, Any], *, labels: Mapping[str, str], annotations: Mapping[str, str]
) -> str:
    """One document; `contents` as the tables keep them."""
    metadata: dict[str, Any] = {"name": key.name}
    if key.project:
        metadata["namespace"] = key.project
    elif KINDS[key.kind].may_be_shared:
        metadata["namespace"] = SHARED_NAMESPACE
    if labels:
        metadata["labels"] = dict(labels)
    if annotations:
        metadata["annotations"] = dict(annotations)
    document = {"apiVersion": KINDS[key.kind].api_version, "kind": key.kind, "metadata": metadata}
    return render_yaml(document | _body(document, contents))


def diff_objects(before: str, after: str) -> str:
    """Unified diff of two rendered objects; all lines of context, since objects are short."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), "stored", "new", n=5, lineterm="")
    return "".join(f"{line}\n" for line in lines)


def render_yaml(value: Any) -> str:
    """YAML text of plain data."""
    yaml = YAML(typ="rt")
    yaml.width = 4096
    stream = io.StringIO()
    yaml.dump(_presentable(value, is_free=False), stream)
    return stream.getvalue()


def _body(document: dict[str, Any], contents: Mapping[str, Any]) -> dict[str, Any]:
    """Contents without defaults, under `spec` or at the top, as the kind has it."""
    if not contents:
        return {}
    kind = KINDS[document["kind"]]
    if "spec" not in kind.manifest.model_fields:
        return dict(contents)
    try:
        manifest = kind.manifest.model_validate({**document, "spec": dict(contents)})
    except ValidationError:
        # An older version wrote it by other rules; people still want to see it.
        return {"spec": dict(contents)}
    return {"spec": spec} if (spec := manifest.contents(concise=True)) else {}


def _presentable(value: Any, *, is_free: bool) -> Any:
    if isinstance(value, dict):
        items = sorted(value.items()) if is_free else value.items()
        return {
            _presentable(key, is_free=False): _presentable(item, is_free=is_free or key in _FREE_FORM)
            for key, item in items
        }
    if isinstance(value, list):
        return [_presentable(item, is_free=is_free) for item in value]
    if isinstance(value, str):
        if "\n" in value and value.replace("\n", "").replace("\t", "").isprintable():
            return LiteralScalarString(value)
        return DoubleQuotedScalarString(value) if _AMBIGUOUS.fullmatch(value) else value
    return value
