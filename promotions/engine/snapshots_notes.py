"""What a work tree remembers of its own snapshots: where it stands, which layers hold it, what they hold."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from promotions.engine.snapshots_archive import Entry
from promotions.steps.paths import PRIVATE_DIR

NOTE = f"{PRIVATE_DIR}/snapshot.json"


@dataclass(frozen=True, slots=True)
class TreeNote:
    """Without a file: a tree that was never stored."""

    # The name the tree has, behind the one it had before; "" is a tree at its beginning.
    lineage: tuple[str, ...] = ("",)
    # The layers that were stored, and what they hold together.
    chain: tuple[str, ...] = ()
    entries: dict[str, Entry] = field(default_factory=dict)
    # Why the last snapshot was not stored, as the log was told.
    trouble: str = ""

    @property
    def name(self) -> str:
        """The name the tree has now."""
        return self.lineage[-1]

    def named(self, name: str) -> tuple[str, ...]:
        """The lineage of the tree under a new name."""
        return self.lineage if self.name == name else (self.name, name)

    @classmethod
    def read(cls, workdir: Path) -> "TreeNote":
        """The note of the tree, as good as none when it cannot be read."""
        if (workdir / PRIVATE_DIR).is_symlink():
            return cls()
        try:
            values = json.loads((workdir / NOTE).read_text())
            entries = {name: Entry(*facts) for name, facts in values["entries"].items()}
            return cls(tuple(values["lineage"]), tuple(values["chain"]), entries, values["trouble"])
        except (FileNotFoundError, NotADirectoryError, ValueError, TypeError, LookupError, AttributeError):
            # None was written, or by another release.
            return cls()

    def write(self, workdir: Path) -> None:
        """Put the note in place whole. Raises OSError."""
        make_private_dir(workdir)
        values = {
            "lineage": self.lineage,
            "chain": self.chain,
            "trouble": self.trouble,
            "entries": {name: tuple(asdict(entry).values()) for name, entry in self.entries.items()},
        }
        draft = workdir / f"{NOTE}.draft"
        draft.write_text(json.dumps(values))
        os.replace(draft, workdir / NOTE)


def make_private_dir(workdir: Path) -> None:
    """The directory of ours at the top of a work tree. Raises OSError when something else is there."""
    directory = workdir / PRIVATE_DIR
    if directory.is_symlink():
        raise NotADirectoryError(f'"{PRIVATE_DIR}" in the work tree is a symbolic link, not a directory of ours')
    if not directory.is_dir():
        directory.mkdir(mode=0o700)
        (directory / ".gitignore").write_text("*\n")
