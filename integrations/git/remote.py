"""What a remote repository offers, without copying it: its branches and tags by `ls-remote`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from integrations.git.environment import SILENT, Console, Place, Remote, run_git
from integrations.git.failures import remote_failure

_NOWHERE = Place(directory=Path("/"))
# Stands for bytes that are not UTF-8: such a name cannot be asked for, and must not spoil the others.
_UNREADABLE = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True)
class TagRef:
    """A tag of a remote: `id` is the tag object of an annotated tag, `peeled` always what it points at."""

    name: str
    id: str
    peeled: str


@dataclass(frozen=True, slots=True)
class Refs:
    """Branches (name to commit id) and tags of a remote; an empty repository has no `head_branch`."""

    head_branch: str | None
    head: str | None
    heads: Mapping[str, str]
    tags: Mapping[str, TagRef]


def list_refs(remote: Remote, *, console: Console = SILENT) -> Refs:
    """Ask a remote for its branches and tags.

    Raises Unauthorized, NotFound, RateLimited, Unreachable.
    """
    arguments = ("ls-remote", "--symref", "--", remote.address, "HEAD", "refs/heads/*", "refs/tags/*")
    result = run_git(*arguments, place=_NOWHERE, console=console, remote=remote)
    if result.exit_code != 0:
        raise remote_failure(remote, "read", result)
    return parse_refs(result.stdout)


def parse_refs(listing: str) -> Refs:
    """Read the output of `git ls-remote --symref`."""
    head_branch = head = None
    heads: dict[str, str] = {}
    tag_ids: dict[str, str] = {}
    peeled: dict[str, str] = {}
    for line in listing.splitlines():
        value, _, name = line.partition("\t")
        if _UNREADABLE in name:
            continue
        if name == "HEAD" and value.startswith("ref: refs/heads/"):
            head_branch = value.removeprefix("ref: refs/heads/")
        elif name == "HEAD":
            head = value
        elif name.startswith("refs/heads/"):
            heads[name.removeprefix("refs/heads/")] = value
        elif name.startswith("refs/tags/") and name.endswith("^{}"):
            peeled[name.removeprefix("refs/tags/").removesuffix("^{}")] = value
        elif name.startswith("refs/tags/"):
            tag_ids[name.removeprefix("refs/tags/")] = value
    tags = {name: TagRef(name, tag_id, peeled.get(name, tag_id)) for name, tag_id in tag_ids.items()}
    return Refs(head_branch, head, heads, tags)
