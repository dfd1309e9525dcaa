"""Submodules of a work tree, one after the other: a repository must not send us where we do not go by ourselves.

Git would take every URL that `.gitmodules` names, also those of submodules inside submodules. So each level is
registered first, which asks nobody, and each URL is judged like the repository's own before git connects to it.

A command in the work tree looks into its submodules, with the settings it finds there. Those of a submodule that
we checked out are ours; what a step has put in its place is not, and its settings can name programs to run.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from integrations.credentials import SshKey
from integrations.errors import IntegrationError, Rejected
from integrations.git.environment import Console, Place, Remote, run_git
from integrations.git.failures import local_failure, remote_failure
from integrations.processes import ProcessResult

_MAX_DEPTH = 10
_IS_SUBMODULE = "160000 "
_SUBMODULE_MODE = (0o160000).to_bytes(4, "big")


def check_out_submodules(root: Path, home: Path, remote: Remote, console: Console, *, depth: int = 1) -> None:
    """Fetch and check out the submodules of the work tree `root`, nested ones too; `home` is git's.

    Only submodules on the host of `remote` get its password. Raises Rejected when they are nested too deep,
    BlockedAddress and other permanent errors for a URL that is out of reach.
    """
    place = Place(directory=root, home=home)
    if not (paths := list(_list_paths(place))):
        return
    if depth > _MAX_DEPTH:
        raise Rejected(f'Submodules of "{remote.address}" are nested more than {_MAX_DEPTH} deep')
    _run(place, "submodule", "init")
    names = {path: name for name, path in _read_settings(place, "path", "--file", ".gitmodules").items()}
    # Registered URLs are absolute: git has resolved those that begin with "./" or "../".
    urls = _read_settings(place, "url")
    for path in paths:
        name = names.get(path, "")
        if name not in urls:  # one that is marked as not active
            continue
        inside = _remote_of(urls[name], name, remote)
        result = run_git(
            *("submodule", "update", "--progress", "--", path),
            place=place,
            console=console,
            remote=inside,
            show_stdout=True,
        )
        if result.exit_code != 0:
            raise remote_failure(inside, f'fetch submodule "{name}" from', result)
        check_out_submodules(root / path, home, inside, console, depth=depth + 1)


def check_intact(place: Place, records: Path) -> None:
    """Raise Rejected when a submodule's directory holds a repository that is not the one we checked out there.

    `records` is where git keeps those of this work tree.
    """
    root = place.work_tree or place.directory
    if place.git_dir is not None and not _may_have_submodules(place.git_dir / "index"):
        return
    for path in _list_paths(replace(place, directory=root)):
        link = root / path / ".git"
        if not link.is_symlink() and not link.exists():
            continue  # not checked out
        if not _leads_into(link, records):
            raise Rejected(
                f'"{path}" is a submodule, but another repository was put in its place: its .git is not ours. '
                f"Delete {path}/.git before this step."
            )
        check_intact(Place(directory=root / path, home=place.home), records)


def _may_have_submodules(index: Path) -> bool:
    """False when no entry of the index can be a submodule: told from the file, as git would have to be started.

    An entry has its mode in it as four bytes, whatever the version of the format. Entries may also lie in another
    file (`link`) or be folded into directories (`sdir`): then git is asked.
    """
    try:
        content = index.read_bytes()
    except FileNotFoundError:
        return False
    return any(mark in content for mark in (_SUBMODULE_MODE, b"link", b"sdir"))


def _leads_into(link: Path, records: Path) -> bool:
    if link.is_symlink() or not link.is_file():
        return False
    target = link.read_text(errors="replace").strip().removeprefix("gitdir: ")
    return (link.parent / target).resolve().is_relative_to(records.resolve())


def _remote_of(url: str, name: str, parent: Remote) -> Remote:
    remote = replace(parent, url=url)
    try:
        here, there = urlsplit(parent.address), urlsplit(remote.address)
    except IntegrationError as error:
        raise Rejected(f'Submodule "{name}" cannot be fetched: {error}') from error
    is_same_host = (here.scheme, here.netloc) == (there.scheme, there.netloc)
    # A key proves who we are without being handed over.
    may_know = is_same_host or isinstance(parent.credentials, SshKey)
    return remote if may_know else replace(remote, credentials=None)


def _list_paths(place: Place) -> Iterator[str]:
    for line in _run(place, "ls-files", "--stage", "-z").stdout.split("\0"):
        if line.startswith(_IS_SUBMODULE):
            yield line.partition("\t")[2]


def _read_settings(place: Place, key: str, *source: str) -> dict[str, str]:
    """`submodule.<name>.<key>` by name."""
    arguments = ("config", *source, "--null", "--get-regexp", rf"^submodule\..*\.{key}$")
    # Code 1 says that there is none.
    listing = run_git(*arguments, place=place).stdout
    pairs = (entry.partition("\n") for entry in listing.split("\0") if entry)
    return {name.removeprefix("submodule.").removesuffix(f".{key}"): value for name, _, value in pairs}


def _run(place: Place, *arguments: str) -> ProcessResult:
    result = run_git(*arguments, place=place)
    if result.exit_code != 0:
        raise local_failure("read the submodules", result, [str(place.directory)])
    return result
