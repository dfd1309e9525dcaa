"""Names of branches and tags: which ones git can take, and which ones stand in each other's way.

A remote may hold names that git's own commands refuse, "-x" for one; given to a command they would be options.
"""

import re
from collections.abc import Iterable
from typing import Literal

from integrations.errors import Rejected

# As `git check-ref-format` has it.
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//")


def check_name(kind: Literal["branch", "tag"], name: str) -> None:
    """Raise Rejected, saying why, for a name that git cannot use."""
    reason = _find_reason(name)
    if reason:
        raise Rejected(f'"{name}" cannot be the name of a {kind}: {reason}. Choose another name.')


def find_blocker(name: str, existing: Iterable[str]) -> str | None:
    """The branch (or tag) that makes `name` impossible: git keeps `a` and `a/b` in one place."""
    return next((other for other in sorted(existing) if _is_inside(name, other) or _is_inside(other, name)), None)


def check_room(name: str, existing: Iterable[str], address: str) -> None:
    """Raise Rejected when a branch of the remote makes the branch `name` impossible."""
    if blocker := find_blocker(name, existing):
        raise Rejected(
            f'Branch "{name}" cannot be made in "{address}": branch "{blocker}" is in its way, '
            "for git keeps no branch below another one. Choose another name, or delete that branch."
        )


def _is_inside(name: str, other: str) -> bool:
    return name.startswith(f"{other}/")


def _find_reason(name: str) -> str:
    if name.startswith("-"):
        return 'it begins with "-"'
    if name in {"", "@", "HEAD"}:
        return "git uses it for something else"
    if found := _FORBIDDEN.search(name):
        return f'it holds "{found[0]}"' if found[0].isprintable() and found[0] != " " else "it holds a blank"
    if name.startswith("/") or name.endswith(("/", ".")):
        return 'it begins or ends with "/", or ends with "."'
    parts = name.split("/")
    if any(part.startswith(".") or part.endswith(".lock") for part in parts):
        return 'a part of it begins with "." or ends with ".lock"'
    return ""
