"""Where snapshots are stored: any storage of Django's, by default files of a directory.

Django's own storage writes to the final name; a worker killed meanwhile would leave half a file there. Ours puts
files in place whole or not at all, as S3 does by itself.
"""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage, storages

_DRAFT = ".draft-"


@dataclass(frozen=True, slots=True)
class SnapshotStore:
    """Where snapshots go; `limit_bytes` is for the files of one work tree."""

    storage: Storage
    secret_key: str
    limit_bytes: int


def read_snapshot_store() -> SnapshotStore | None:
    """As the settings say; None when snapshots are off."""
    if not settings.SNAPSHOTS:
        return None
    return SnapshotStore(storages["snapshots"], settings.SECRET_KEY, settings.SNAPSHOT_MAX_BYTES)


class WholeFileStorage(FileSystemStorage):
    """Files of mode 0600 in directories of mode 0700."""

    def _save(self, name: str, content: File) -> str:  # type: ignore[type-arg]
        path = Path(self.path(name))
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=_DRAFT)
        try:
            with os.fdopen(handle, "wb") as file:
                for chunk in content.chunks():
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, path)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
        return name
