"""Reads manifests from files, directories and standard input, and prints the problems found in them."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from projects.documents import Problem, SourceText

_ENDINGS = {".yaml", ".yml"}

recursive_option = click.option(
    "-R", "--recursive", is_flag=True, help="Read directories with all that is below them."
)


def read_sources(names: Iterable[str], *, recursive: bool) -> list[SourceText]:
    """The texts of files, of the YAML files in directories, and of standard input for `-`; each file once."""
    sources: dict[str, SourceText] = {}
    for name in names:
        for file in _list_files(name, recursive=recursive):
            if file not in sources:
                sources[file] = SourceText(file, _read(file))
    return list(sources.values())


def print_problems(label: str, problems: Iterable[Problem]) -> None:
    """`file:line:column: message`, the label before warnings, and the hint below; on standard error."""
    for problem in problems:
        place = f"{problem.file}:{problem.line}:{problem.column}:"
        click.echo(f"{place} {label}{problem.message}", err=True)
        if problem.hint:
            click.echo(f"    {problem.hint}", err=True)


def _list_files(name: str, *, recursive: bool) -> Iterator[str]:
    if name == "-" or not (path := Path(name)).is_dir():
        yield name
        return
    files = path.rglob("*") if recursive else path.glob("*")
    found = sorted(str(file) for file in files if file.suffix in _ENDINGS and file.is_file())
    if not found:
        hint = "" if recursive else " Directories below it are read with --recursive."
        raise click.ClickException(f'There are no files ending in .yaml or .yml in "{name}".{hint}')
    yield from found


def _read(file: str) -> str:
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise click.ClickException(f'"{file}" cannot be read: {error.strerror}.') from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f'"{file}" is not UTF-8 text (byte {error.start + 1}). Save it as UTF-8.'
        raise click.ClickException(message) from error
