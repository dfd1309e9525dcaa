"""What an image is: index or single manifest, its platforms, its date, its annotations.

Source: Kargo docs "Working with Warehouses" (image subscriptions).
Differs: the platform of a single-manifest image is read from its config; in Kargo such an image has none.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from integrations.errors import IntegrationError
from integrations.oci.references import Repository
from integrations.oci.registry import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    Manifest,
    Registry,
    read_json_object,
)

CREATED_KEYS = ("org.opencontainers.image.created", "org.label-schema.build-date")
LABEL_PREFIX = "org.opencontainers.image."
INDEX_TYPES = frozenset({OCI_INDEX, DOCKER_LIST})
SINGLE_TYPES = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})

_RFC3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})")
_PLATFORM_PART = re.compile(r"[A-Za-z0-9_.-]+")


@dataclass(frozen=True)
class Platform:
    """`linux/arm64/v8`: all three must be equal to match, so `linux/arm64` is another platform."""

    os: str
    architecture: str
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


@dataclass(frozen=True)
class ImageVersion:
    """One tag with what it stands for; `digest` is that of the index for a multi-platform image.

    `created_at` is None when neither annotations nor config tell; `labels` are those of `ImageFacts`.
    """

    tag: str
    digest: str
    created_at: datetime | None
    annotations: Mapping[str, str]
    platforms: tuple[Platform, ...]
    labels: Mapping[str, str] = field(default_factory=dict)

    def explain_mismatch(self, platform: Platform | None) -> str | None:
        """Why the image does not serve `platform`, or None if it does; no platform fits every image."""
        if platform is None or platform in self.platforms:
            return None
        offered = ", ".join(map(str, self.platforms)) or "no platform"
        return f"not built for {platform} (offers {offered})"


@dataclass(frozen=True)
class ImageFacts:
    """All that is to know about a digest; it never changes.

    `children` are the platforms of an index with the annotations of their descriptors, or the one platform of a
    single manifest. `labels` are those of an image's config that begin with `org.opencontainers.image.`; of an
    index those of the first child whose config was read.
    """

    digest: str
    created_at: datetime | None
    annotations: Mapping[str, str]
    children: tuple[tuple[Platform, Mapping[str, str]], ...]
    labels: Mapping[str, str]

    def as_version(self, tag: str, *, platform: Platform | None = None) -> ImageVersion:
        """The image under a tag; `platform` adds the annotations of its child only."""
        annotations = dict(self.annotations)
        for child, own in self.children:
            if child == platform:
                annotations |= own
                break
        platforms = tuple(dict.fromkeys(child for child, _ in self.children))
        return ImageVersion(tag, self.digest, self.created_at, annotations, platforms, self.labels)


def parse_platform(text: str) -> Platform:
    """Read `os/architecture[/variant]`; raises ValueError."""
    parts = text.split("/")
    if len(parts) not in (2, 3) or not all(_PLATFORM_PART.fullmatch(part) for part in parts):
        raise ValueError(
            f'"{text}" is not a platform. Write os/architecture or os/architecture/variant: linux/amd64.'
        )
    return Platform(*parts)


def read_image(
    registry: Registry, repository: Repository, tag: str, *, platform: Platform | None = None
) -> ImageVersion:
    """Fetch all that is to know about a tag (or digest). `platform` adds the annotations of its child only.

    Raises NotFound, and a permanent IntegrationError for content that is no image.
    """
    manifest = registry.get_manifest(repository, tag)
    return read_facts(registry, repository, manifest).as_version(tag, platform=platform)


def read_facts(registry: Registry, repository: Repository, manifest: Manifest) -> ImageFacts:
    """What a manifest stands for; reads the config, or those of the children, where the manifest does not tell.

    Raises NotFound, and a permanent IntegrationError for content that is no image.
    """
    what = f"{repository}@{manifest.digest}"
    document = read_json_object(manifest.body, what)
    media_type = _media_type(manifest, document)
    annotations = _strings(document.get("annotations"))
    if media_type in SINGLE_TYPES:
        config = _read_config(registry, repository, document, what)
        single = _platform_of(config)
        created_at = _single_created_at(document, config)
        own = [(single, dict[str, str]())] if single else []
        return ImageFacts(manifest.digest, created_at, annotations, tuple(own), _telling_labels(config))
    if media_type not in INDEX_TYPES:
        raise _unknown_type(what, media_type)
    children = _children(document)
    if not children:
        raise IntegrationError(f"The index {what} lists no image for any platform.", permanent=True)
    created_at, labels = _created_in(annotations), dict[str, str]()
    if created_at is None:
        created_at, labels = _newest_child(registry, repository, children)
    listed = tuple((platform, _strings(descriptor.get("annotations"))) for platform, descriptor in children)
    return ImageFacts(manifest.digest, created_at, annotations, listed, labels)


def _media_type(manifest: Manifest, document: dict[str, Any]) -> str:
    stated = document.get("mediaType")
    return stated if isinstance(stated, str) and stated else manifest.media_type


def _children(index: dict[str, Any]) -> list[tuple[Platform, dict[str, Any]]]:
    """Descriptors of real images; attestations carry the platform unknown/unknown or none."""
    found = []
    listed = index.get("manifests")
    for descriptor in listed if isinstance(listed, list) else []:
        platform = _platform_of(descriptor.get("platform")) if isinstance(descriptor, dict) else None
        if platform is not None:
            found.append((platform, descriptor))
    return found


def _newest_child(
    registry: Registry, repository: Repository, children: list[tuple[Platform, dict[str, Any]]]
) -> tuple[datetime | None, dict[str, str]]:
    """When the newest child was made, and the labels of the first one that had to be read for that."""
    dates, labels = [], dict[str, str]()
    for _, descriptor in children:
        stated = _created_in(_strings(descriptor.get("annotations")))
        if stated is None:
            stated, found = _read_child(registry, repository, descriptor)
            labels = labels or found
        dates.append(stated)
    return _latest(dates), labels


def _read_child(
    registry: Registry, repository: Repository, descriptor: dict[str, Any]
) -> tuple[datetime | None, dict[str, str]]:
    manifest = registry.get_manifest(repository, str(descriptor.get("digest")))
    what = f"{repository}@{manifest.digest}"
    document = read_json_object(manifest.body, what)
    if (media_type := _media_type(manifest, document)) not in SINGLE_TYPES:
        raise _unknown_type(what, media_type)
    config = _read_config(registry, repository, document, what)
    return _single_created_at(document, config), _telling_labels(config)


def _single_created_at(manifest: dict[str, Any], config: dict[str, Any]) -> datetime | None:
    if (annotated := _created_in(_strings(manifest.get("annotations")))) is not None:
        return annotated
    return _latest([_parse_time(config.get("created")), _created_in(_labels(config))])


def _labels(config: dict[str, Any]) -> dict[str, str]:
    inner = config.get("config")
    return _strings(inner.get("Labels")) if isinstance(inner, dict) else {}


def _telling_labels(config: dict[str, Any]) -> dict[str, str]:
    return {key: text for key, text in _labels(config).items() if key.startswith(LABEL_PREFIX)}


def _read_config(registry: Registry, repository: Repository, manifest: dict[str, Any], what: str) -> dict[str, Any]:
    descriptor = manifest.get("config")
    if not isinstance(descriptor, dict):
        raise IntegrationError(f"The manifest of {what} names no config.", permanent=True)
    blob = registry.get_blob(repository, str(descriptor.get("digest")))
    return read_json_object(blob, f"the config of {what}")


def _platform_of(document: object) -> Platform | None:
    if not isinstance(document, dict):
        return None
    system, architecture, variant = (document.get(key) for key in ("os", "architecture", "variant"))
    if not isinstance(system, str) or not isinstance(architecture, str):
        return None
    if {system, architecture} & {"", "unknown"}:
        return None
    return Platform(system, architecture, variant if isinstance(variant, str) else "")


def _created_in(annotations: Mapping[str, str]) -> datetime | None:
    dates = (_parse_time(annotations.get(key)) for key in CREATED_KEYS)
    return next((date for date in dates if date is not None), None)


def _parse_time(text: object) -> datetime | None:
    if not isinstance(text, str) or not _RFC3339.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError:
        return None


def _latest(dates: list[datetime | None]) -> datetime | None:
    return max((date for date in dates if date is not None), default=None)


def _strings(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {key: text for key, text in value.items() if isinstance(text, str)}


def _unknown_type(what: str, media_type: str) -> IntegrationError:
    return IntegrationError(
        f'{what} is of type "{media_type}", which is neither an image nor an index of images.', permanent=True
    )
