"""The private work tree of a promotion: one directory, kept between passes, gone after the end.

Its clones borrow objects from mirrors, which keep them under the promotion's name until the work tree is removed.
"""

import os
import re
import shutil
import stat
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from integrations.git.mirror import Mirror
from promotions.models import Promotion
from promotions.phases import Phase
from promotions.steps.paths import PRIVATE_DIR

# Part of the disk that must stay free while failed promotions keep their work trees.
_LEAST_FREE = 0.05


def directory(work_dir: Path, promotion: Promotion) -> Path:
    """Where the promotion works: `<id>-<ulid>`, so that it is never another promotion's."""
    ulid = re.sub(r"[^a-z0-9]", "", promotion.name.rsplit(".", 2)[1])
    return work_dir / f"{promotion.pk}-{ulid}"


def is_there(work_dir: Path, promotion: Promotion) -> bool:
    """False before the first pass, and when the directory was lost."""
    return directory(work_dir, promotion).is_dir()


def create(work_dir: Path, promotion: Promotion) -> Path:
    """Make the directory, mode 0700; fine if it exists."""
    path = directory(work_dir, promotion)
    work_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.mkdir(exist_ok=True, mode=0o700)
    return path


def remove_workspace(work_dir: Path, promotion: Promotion) -> None:
    """Delete the directory of the promotion; harmless when there is none."""
    remove_directory(directory(work_dir, promotion), kept_as=promotion.name)


def remove_directory(path: Path, *, kept_as: str) -> None:
    """Let go of the mirrors and delete a work tree, also where steps took away write permission."""

    def make_writable(function: Callable[..., Any], path: str, _: Any) -> None:
        if not os.path.lexists(path):
            return
        os.chmod(os.path.dirname(path), stat.S_IRWXU)
        if not os.path.islink(path):
            os.chmod(path, stat.S_IRWXU)
        function(path)

    if path.exists():
        for mirror in _list_borrowed_mirrors(path):
            mirror.release(kept_as)
        shutil.rmtree(path, onerror=make_writable)


def sweep(work_dir: Path, *, kept: timedelta, now: datetime) -> None:
    """Remove work trees that nobody comes back for: their promotion is gone, ended well, or failed `kept` ago.

    On a disk that is nearly full, work trees kept for a retry go at once: what runs needs the room.
    """
    if work_dir.is_dir() and shutil.disk_usage(work_dir).free < _LEAST_FREE * shutil.disk_usage(work_dir).total:
        kept = timedelta(0)
    for path in work_dir.iterdir() if work_dir.is_dir() else ():
        key = path.name.partition("-")[0]
        promotion = Promotion.objects.filter(pk=int(key)).first() if key.isdigit() else None
        if promotion is None:
            shutil.rmtree(path, ignore_errors=True)
        elif is_done_with(promotion, kept=kept, now=now):
            remove_workspace(work_dir, promotion)
            Promotion.objects.filter(pk=promotion.pk).update(work_tree_removed_at=now)


def is_done_with(promotion: Promotion, *, kept: timedelta, now: datetime) -> bool:
    """Nobody needs its work tree any more: it has ended, and it did not fail, or failed long ago."""
    if promotion.finished_at is None:
        return False
    if promotion.stage_id is not None and promotion.recorded_at is None:
        return False
    may_be_retried = promotion.stage_id is not None and promotion.phase in (Phase.FAILED, Phase.ERRORED)
    return not may_be_retried or now > promotion.finished_at + kept


def _list_borrowed_mirrors(workdir: Path) -> list[Mirror]:
    clones = (workdir / PRIVATE_DIR / "clones").glob("*/repo/objects/info/alternates")
    lines = {line for file in clones for line in file.read_text().splitlines() if line.strip()}
    return [Mirror(Path(line).parent) for line in sorted(lines)]
