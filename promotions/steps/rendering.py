"""What the steps that render manifests share: the programs, what these may read, and files put in place."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from integrations.helm.program import Helm, find_helm
from integrations.kustomize import Kustomize, find_kustomize
from integrations.programs import ProgramFailed, Screen
from promotions.steps.base import StepContext, StepErrored
from promotions.steps.capabilities import given
from promotions.steps.private import make_directories, private_dir, write_file


def start_kustomize(context: StepContext) -> Kustomize:
    """Find kustomize and say which it is. Raises ProgramMissing."""
    found = find_kustomize(given(context.can.tools).kustomize)
    context.log(f"Using {found.version}", "info")
    return found


def start_helm(context: StepContext) -> Helm:
    """Find helm and say which it is. Raises ProgramMissing."""
    found = find_helm(given(context.can.tools).helm)
    context.log(f"Using helm {found.version}", "info")
    return found


@contextmanager
def counted() -> Iterator[None]:
    """What a program could not do counts towards the error threshold, as Kargo counts it."""
    try:
        yield
    except ProgramFailed as error:
        raise StepErrored(str(error)) from error


def screen(context: StepContext) -> Screen:
    """A program's messages become lines of the log; an abort ends the program."""
    # What these programs write beside their result is progress; what went wrong ends the step with its own message.
    return Screen(log=lambda line: context.log(line, "out"), should_stop=context.should_stop)


def scratch_dir(context: StepContext) -> Path:
    """Where programs have their private homes: inside the work tree, out of reach of other steps."""
    return private_dir(context)


def readable_entries(context: StepContext) -> list[Path]:
    """Everything at the top of the work tree but our own directory: what programs may read."""
    ours = private_dir(context).name
    return [entry for entry in context.workdir.iterdir() if entry.name.casefold() != ours and not entry.is_symlink()]


def is_yaml_file(path: str) -> bool:
    """Tell whether an outPath means one file of all manifests, not a directory."""
    return Path(path).suffix in (".yaml", ".yml")


def put_file(context: StepContext, path: str, text: str) -> None:
    """Write one file below the work tree, with the directories it needs."""
    target = context.path(path)
    make_directories(context.workdir, target.parent)
    write_file(context, target, text.encode())


def put_files(context: StepContext, directory: str, texts: Mapping[str, str]) -> None:
    """Write files `{name: text}` into a directory, made when missing; files that are there already stay."""
    target = context.path(directory)
    make_directories(context.workdir, target)
    for name, text in texts.items():
        path = context.path(f"{context.shown(target)}/{name}")
        make_directories(context.workdir, path.parent)
        write_file(context, path, text.encode())
    noun = "manifest" if len(texts) == 1 else "manifests"
    context.log(f"Wrote {len(texts)} {noun} to {directory}", "info")
