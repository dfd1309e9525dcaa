"""What lies below a directory, less what .gitignore rules leave out.

Source: Kargo code `file_copier.go`, `tar_creator.go`; git docs, gitignore.
"""

import os
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path

from pathspec import GitIgnoreSpec


class IgnoreRules:
    """Lines of a .gitignore file, relative to the top of a tree."""

    def __init__(self, lines: list[str]) -> None:
        rules = [line for line in lines if line.strip() and not line.startswith("#")]
        # Asked for every file: the usual case is answered without patterns.
        self._is_git_only = rules == [".git"]
        self.is_empty = not rules
        self._spec = GitIgnoreSpec.from_lines(rules)

    def ignore(self, relative: str, *, is_directory: bool) -> bool:
        """Tell whether a path, or a directory above it, is left out."""
        if self._is_git_only:
            return "/.git/" in f"/{relative}/"
        return self._spec.match_file(f"{relative}/" if is_directory else relative)


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """`relative` is the path below the top; nothing here follows symlinks."""

    relative: str
    entry: os.DirEntry[str]

    @property
    def path(self) -> Path:
        return Path(self.entry.path)

    @property
    def is_directory(self) -> bool:
        return self.entry.is_dir(follow_symlinks=False)

    @property
    def is_file(self) -> bool:
        return self.entry.is_file(follow_symlinks=False)


def list_tree(top: Path, rules: IgnoreRules, *, left_out: Container[str]) -> Iterator[TreeEntry]:
    """Everything below a directory, sorted by name, directories before their content.

    `left_out` holds paths whose trees are passed over. Raises OSError when a directory cannot be read.
    """
    yield from _list_below(str(top), "", rules, left_out)


def _list_below(folder: str, prefix: str, rules: IgnoreRules, left_out: Container[str]) -> Iterator[TreeEntry]:
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        relative = f"{prefix}{entry.name}"
        is_directory = entry.is_dir(follow_symlinks=False)
        if entry.path in left_out or rules.ignore(relative, is_directory=is_directory):
            continue
        yield TreeEntry(relative, entry)
        if is_directory:
            yield from _list_below(entry.path, f"{relative}/", rules, left_out)
