"""Freight references: what a promotion knows of freight, copied, not linked. Pure data.

JSON keeps Kargo's shape (FreightReference in the CRDs); Python sees frozen dataclasses.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class CommitReference:
    """A commit of a git repository."""

    repo_url: str
    id: str
    branch: str = ""
    tag: str = ""
    message: str = ""
    author: str = ""
    committer: str = ""
    subscription_name: str = ""


@dataclass(frozen=True, slots=True)
class ImageReference:
    """A container image."""

    repo_url: str
    tag: str = ""
    digest: str = ""
    annotations: dict[str, str] = field(default_factory=dict)
    subscription_name: str = ""


@dataclass(frozen=True, slots=True)
class ChartReference:
    """A Helm chart; `name` is empty for a chart in an OCI registry."""

    repo_url: str
    name: str = ""
    version: str = ""
    subscription_name: str = ""


@dataclass(frozen=True, slots=True)
class OtherReference:
    """An artifact of any other kind."""

    artifact_type: str
    subscription_name: str
    version: str
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FreightReference:
    """One piece of freight: `name` is its id, `origin` its origin key (`Warehouse/<name>`)."""

    name: str
    origin: str
    commits: tuple[CommitReference, ...] = ()
    images: tuple[ImageReference, ...] = ()
    charts: tuple[ChartReference, ...] = ()
    artifacts: tuple[OtherReference, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Kargo's JSON shape; empty fields are left out."""
        kind, _, warehouse = self.origin.partition("/")
        parts = {key: [_dump(item) for item in getattr(self, key)] for key in _KINDS}
        return {
            "name": self.name,
            "origin": {"kind": kind, "name": warehouse},
            **{key: items for key, items in parts.items() if items},
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "FreightReference":
        """The inverse of `to_json`."""
        origin = data["origin"]
        parts = {key: tuple(_load(kind, item) for item in data.get(key) or ()) for key, kind in _KINDS.items()}
        return cls(name=data["name"], origin=f"{origin['kind']}/{origin['name']}", **parts)


_KINDS: dict[str, type[Any]] = {
    "commits": CommitReference,
    "images": ImageReference,
    "charts": ChartReference,
    "artifacts": OtherReference,
}
_JSON_NAMES = {
    "repo_url": "repoURL",
    "subscription_name": "subscriptionName",
    "artifact_type": "artifactType",
}


def _dump(item: Any) -> dict[str, Any]:
    pairs = ((name, getattr(item, name)) for name in item.__dataclass_fields__)
    return {_JSON_NAMES.get(name, name): value for name, value in pairs if value}


def _load(kind: type[Any], data: dict[str, Any]) -> Any:
    return kind(
        **{
            name: data[_JSON_NAMES.get(name, name)]
            for name in kind.__dataclass_fields__
            if _JSON_NAMES.get(name, name) in data
        }
    )
