"""What the loopback registry keeps: blobs, manifests and tags, in memory and, if wanted, in a directory.

Layout: blobs/<digest with - for :>, repositories/<repository with + for />.json holding manifests and tags.
"""

import hashlib
import json
import os
import threading
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class _Repository:
    manifests: dict[str, str] = field(default_factory=dict)  # digest -> media type
    tags: dict[str, str] = field(default_factory=dict)  # tag -> digest
    blobs: set[str] = field(default_factory=set)


class OciStorage:
    """Content of a registry. Thread-safe; with a directory each change is on disk before the call returns."""

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory
        self._lock = threading.RLock()
        self._contents: dict[str, bytes] = {}
        self._repositories: dict[str, _Repository] = {}
        if directory is not None:
            self._load(directory)

    def put_blob(self, repository: str, content: bytes) -> str:
        """Keep a blob and return its digest."""
        with self._lock:
            digest = self._put_content(content)
            self._repository(repository).blobs.add(digest)
            self._save(repository)
            return digest

    def put_manifest(self, repository: str, content: bytes, media_type: str, *, tag: str | None) -> str:
        """Keep a manifest, move the tag to it if one is given, and return its digest."""
        with self._lock:
            digest = self._put_content(content)
            kept = self._repository(repository)
            kept.manifests[digest] = media_type
            if tag is not None:
                kept.tags[tag] = digest
            self._save(repository)
            return digest

    def find_blob(self, repository: str, digest: str) -> bytes | None:
        with self._lock:
            kept = self._repositories.get(repository)
            return self._contents[digest] if kept is not None and digest in kept.blobs else None

    def find_manifest(self, repository: str, reference: str) -> tuple[str, str, bytes] | None:
        """(digest, media type, content) under a tag or digest."""
        with self._lock:
            kept = self._repositories.get(repository)
            digest = kept.tags.get(reference, reference) if kept is not None else reference
            if kept is None or digest not in kept.manifests:
                return None
            return digest, kept.manifests[digest], self._contents[digest]

    def find_tags(self, repository: str) -> list[str] | None:
        """All tags in byte order, or None for an unknown repository."""
        with self._lock:
            kept = self._repositories.get(repository)
            return None if kept is None else sorted(kept.tags)

    def _repository(self, name: str) -> _Repository:
        return self._repositories.setdefault(name, _Repository())

    def _put_content(self, content: bytes) -> str:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        if digest not in self._contents:
            self._contents[digest] = content
            if self._directory is not None:
                _write_whole(self._directory / "blobs" / digest.replace(":", "-"), content)
        return digest

    def _save(self, name: str) -> None:
        if self._directory is None:
            return
        kept = self._repositories[name]
        document = {"manifests": kept.manifests, "tags": kept.tags, "blobs": sorted(kept.blobs)}
        path = self._directory / "repositories" / (name.replace("/", "+") + ".json")
        _write_whole(path, json.dumps(document, indent=1).encode())

    def _load(self, directory: Path) -> None:
        for path in directory.glob("blobs/*"):
            if path.suffix != ".part":
                self._contents[path.name.replace("-", ":", 1)] = path.read_bytes()
        for path in directory.glob("repositories/*.json"):
            document = json.loads(path.read_text())
            self._repositories[path.stem.replace("+", "/")] = _Repository(
                document["manifests"], document["tags"], set(document["blobs"])
            )


def _write_whole(path: Path, content: bytes) -> None:
    """Write through a second name, so that a killed process leaves no half of a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(content)
    os.replace(part, path)
