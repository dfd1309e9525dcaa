"""Copy an image, an index of images or a chart from one repository to another: first a plan, then the deed.

The plan reads manifests only. It knows the digest that the copy will have, and how many bytes it takes.

Source: Kargo docs `promotion-steps/oci-push.md`.
"""

import json
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from integrations.errors import Aborted, IntegrationError
from integrations.oci.manifests import INDEX_TYPES, SINGLE_TYPES
from integrations.oci.pushing import Pusher
from integrations.oci.references import Repository, is_digest
from integrations.oci.registry import Manifest, Registry, compute_digest, read_json_object
from integrations.stoppable import StoppableFile

MAX_MANIFESTS = 500
_MAX_DEPTH = 3
# An attestation in an index names the image it is about.
_ABOUT = "vnd.docker.reference.digest"


class UnsupportedArtifact(IntegrationError):
    """What a reference stands for is neither an image (or chart) nor an index of them."""

    def __init__(self, what: str, media_type: str) -> None:
        super().__init__(f'{what} has the unsupported media type "{media_type}".', permanent=True)


@dataclass(frozen=True, slots=True)
class Annotations:
    """What to add: to the index, and to each image manifest."""

    index: Mapping[str, str] = field(default_factory=dict)
    manifest: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Blob:
    digest: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class CopyPlan:
    """What a copy is made of: manifests in the order to put them, the last one under the tag; each blob once."""

    source: Repository
    manifests: tuple[Manifest, ...]
    blobs: tuple[Blob, ...]

    @property
    def digest(self) -> str:
        """The digest that the copy will have."""
        return self.manifests[-1].digest

    @property
    def size_bytes(self) -> int:
        """All blobs together, compressed, as the manifests state them."""
        return sum(blob.size_bytes for blob in self.blobs)


def split_annotations(annotations: Mapping[str, str]) -> Annotations:
    """`index:key` is for the index, `manifest:key` and `key` for images."""
    index, manifest = {}, {}
    for key, value in annotations.items():
        if key.startswith("index:"):
            index[key.removeprefix("index:")] = value
        else:
            manifest[key.removeprefix("manifest:")] = value
    return Annotations(index, manifest)


def plan_copy(registry: Registry, source: Repository, reference: str, annotations: Annotations) -> CopyPlan:
    """Read all manifests below a tag or digest. Raises NotFound, Unauthorized, UnsupportedArtifact."""
    planner = _Planner(registry, source, annotations)
    planner.add(registry.get_manifest(source, reference), depth=0)
    return CopyPlan(source, tuple(planner.manifests.values()), tuple(planner.blobs.values()))


def carry_out(
    plan: CopyPlan,
    registry: Registry,
    pusher: Pusher,
    target: Repository,
    tag: str,
    *,
    scratch: Path,
    log: Callable[[str], None],
    should_stop: Callable[[], bool],
) -> None:
    """Copy what the target lacks, then put the manifests. Large blobs pass through a file in `scratch`.

    Raises Aborted, Unauthorized, Unreachable, RateLimited, and a permanent error for content with a wrong digest.
    """
    for number, blob in enumerate(plan.blobs, start=1):
        if should_stop():
            raise Aborted("The copy was stopped on request")
        if target == plan.source or pusher.has_blob(target, blob.digest):
            continue
        if target.host == plan.source.host and pusher.mount_blob(target, blob.digest, plan.source):
            continue
        log(f"Copying blob {number} of {len(plan.blobs)}, {blob.size_bytes} bytes")
        with _scratch_file(scratch, should_stop) as file:
            registry.download_blob(plan.source, blob.digest, file, max_bytes=blob.size_bytes)
            pusher.upload_blob(target, blob.digest, file, blob.size_bytes, should_stop=should_stop)
    for manifest in plan.manifests[:-1]:
        pusher.put_manifest(target, manifest.digest, manifest.body, manifest.media_type)
    top = plan.manifests[-1]
    pusher.put_manifest(target, tag, top.body, top.media_type)


def _scratch_file(scratch: Path, should_stop: Callable[[], bool]) -> StoppableFile:
    """A file without a name: it is gone when it is closed, or when we are killed."""
    handle, name = tempfile.mkstemp(dir=scratch)
    os.unlink(name)
    return StoppableFile(handle, should_stop)


class _Planner:
    """Walks from the top manifest to its children; children are listed before their parents."""

    def __init__(self, registry: Registry, source: Repository, annotations: Annotations) -> None:
        self._registry, self._source, self._annotations = registry, source, annotations
        self.manifests: dict[str, Manifest] = {}
        self.blobs: dict[str, Blob] = {}
        self._read = 0

    def add(self, manifest: Manifest, *, depth: int) -> Manifest:
        """The manifest as it will be put, its annotations included."""
        self._read += 1
        what = f"{self._source}@{manifest.digest}"
        if self._read > MAX_MANIFESTS or depth > _MAX_DEPTH:
            raise IntegrationError(f"{self._source} is an index of too many manifests to be copied.", permanent=True)
        document = read_json_object(manifest.body, what)
        stated = document.get("mediaType")
        media_type = stated if isinstance(stated, str) and stated else manifest.media_type
        if media_type in INDEX_TYPES:
            is_changed = self._add_children(document, what, depth)
            added = self._annotations.index
        elif media_type in SINGLE_TYPES:
            self._add_blobs(document, what)
            is_changed, added = False, self._annotations.manifest
        else:
            raise UnsupportedArtifact(what, media_type)
        if added:
            present = document.get("annotations")
            document["annotations"] = {**(present if isinstance(present, dict) else {}), **added}
        if added or is_changed:
            body = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
        else:
            body = manifest.body
        kept = Manifest(media_type, compute_digest(body, like=manifest.digest), body)
        self.manifests.pop(kept.digest, None)
        self.manifests[kept.digest] = kept
        return kept

    def _add_children(self, index: dict[str, Any], what: str, depth: int) -> bool:
        """Tell whether any child has another digest than before; then the index names the new ones."""
        children = _descriptors(index.get("manifests"), what)
        renamed: dict[str, str] = {}
        for descriptor in children:
            child = self.add(self._registry.get_manifest(self._source, descriptor["digest"]), depth=depth + 1)
            if child.digest != descriptor["digest"]:
                renamed[descriptor["digest"]] = child.digest
                descriptor |= {"digest": child.digest, "size": len(child.body)}
        for descriptor in children:
            notes = descriptor.get("annotations")
            if isinstance(notes, dict) and notes.get(_ABOUT) in renamed:
                notes[_ABOUT] = renamed[notes[_ABOUT]]
        return bool(renamed)

    def _add_blobs(self, manifest: dict[str, Any], what: str) -> None:
        config = manifest.get("config")
        for descriptor in _descriptors([*([config] if config else []), *(manifest.get("layers") or [])], what):
            media_type = str(descriptor.get("mediaType"))
            if "foreign" in media_type or "nondistributable" in media_type:
                continue  # such layers stay where their URLs say
            size = descriptor.get("size")
            if not isinstance(size, int) or isinstance(size, bool) or size < 0:
                raise IntegrationError(f"{what} names a blob without its size.", permanent=True)
            self.blobs[descriptor["digest"]] = Blob(descriptor["digest"], size)


def _descriptors(value: object, what: str) -> list[dict[str, Any]]:
    found = value if isinstance(value, list) else []
    for descriptor in found:
        if not isinstance(descriptor, dict) or not is_digest(str(descriptor.get("digest"))):
            raise IntegrationError(f"{what} names something that is no digest.", permanent=True)
    return found
