"""Reads refs from the files of a repository of ours, without starting git for each look.

Only of repositories that we made: bare, with refs as files (`packed-refs` and one file a ref). Loose files are
read first, for git packs a ref before it deletes the file.
"""

import re
from pathlib import Path

_OBJECT_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


class UnreadableRef(Exception):
    """A ref file does not hold an object id."""


def list_ref_files(git_dir: Path, *folders: str) -> dict[str, str]:
    """All refs below folders such as `refs/heads`: full name to object id. Raises UnreadableRef."""
    loose = {}
    for folder in folders:
        for path in (git_dir / folder).rglob("*"):
            if not path.name.endswith(".lock") and (text := _read(path)) is not None:
                loose[path.relative_to(git_dir).as_posix()] = text
    packed = {
        name: text for name, text in _packed(git_dir).items() if name.startswith(tuple(f"{f}/" for f in folders))
    }
    return {name: _object_id(name, text) for name, text in {**packed, **loose}.items()}


def find_ref(git_dir: Path, name: str) -> str | None:
    """The object id of one ref, None when there is no such ref. Raises UnreadableRef."""
    text = _read(git_dir / name)
    if text is None:
        text = _packed(git_dir).get(name)
    return None if text is None else _object_id(name, text)


def read_head(admin: Path) -> tuple[str | None, str | None]:
    """Of a work tree's records: (full name of the branch checked out, None) or (None, commit id)."""
    text = (admin / "HEAD").read_text().strip()
    if text.startswith("ref: "):
        return text.removeprefix("ref: "), None
    return None, _object_id("HEAD", text)


def _read(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return None


def _packed(git_dir: Path) -> dict[str, str]:
    lines = (_read(git_dir / "packed-refs") or "").splitlines()
    pairs = (line.partition(" ") for line in lines if line[:1] not in ("#", "^"))
    return {name: object_id for object_id, _, name in pairs}


def _object_id(name: str, text: str) -> str:
    if not _OBJECT_ID.fullmatch(text):
        raise UnreadableRef(f'The ref "{name}" holds no object id')
    return text
