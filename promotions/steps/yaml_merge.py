"""yaml-merge: lay YAML files over each other and write the result.

The first file is the base. Later ones set, add, and with null take away; lists are replaced as a whole. In manifests
of Kubernetes' own kinds containers, env, ports, volumes and volumeMounts merge by name, port or path.

Source: Kargo docs `promotion-steps/yaml-merge.md`.
Differs: comments, quotes, indentation and spelling of the base stay.
"""

from pydantic import Field

from promotions.files.documents import read_document
from promotions.files.errors import DocumentError
from promotions.files.yaml_merge import merge_yaml
from promotions.steps.base import Done, Effect, Step, StepConfig, StepContext, StepErrored
from promotions.steps.private import make_directories, write_file


class Config(StepConfig):
    in_files: list[str] = Field(
        min_length=1, description="The files, the base first; only their first documents count."
    )
    out_file: str = Field(min_length=1, description="Where the result goes; may be one of the files.")
    ignore_missing_files: bool = Field(False, description="Leave out files that do not exist.")


def run(context: StepContext, config: Config) -> Done:
    documents = _read_files(context, config)
    target = context.path(config.out_file)
    try:
        merged = merge_yaml(documents)
    except DocumentError as error:
        raise StepErrored(f"Cannot merge: {error}") from error
    make_directories(context.workdir, target.parent)
    write_file(context, target, merged)
    names = [name for name, _ in documents]
    if not names:
        context.log(f"None of the files exists; {config.out_file} is empty", "info")
        return Done()
    message = _commit_message(names, config.out_file)
    context.log(message, "info")
    return Done({"commitMessage": message})


def _read_files(context: StepContext, config: Config) -> list[tuple[str, bytes]]:
    documents = []
    for name in config.in_files:
        try:
            documents.append((name, read_document(context.path(name), format_name="YAML")))
        except (FileNotFoundError, NotADirectoryError) as error:
            if not config.ignore_missing_files:
                raise StepErrored(
                    f'Cannot merge: "{name}" does not exist; set ignoreMissingFiles to go on without it.'
                ) from error
            context.log(f"{name} does not exist and is left out", "info")
        except DocumentError as error:
            raise StepErrored(f'Cannot merge: "{name}": {error}') from error
    return documents


def _commit_message(names: list[str], target: str) -> str:
    if len(names) == 1:
        return f"Wrote {names[0]} to {target}"
    return "\n".join([f"Merged {len(names)} YAML files to {target}", *(f"- {name}" for name in names)])


STEP = Step(
    "yaml-merge",
    Config,
    run,
    effect=Effect.WORKSPACE,
    rerun="Merges again: the same result.",
    outputs={"commitMessage": "What was merged, as the text of a commit; missing when there was no file."},
)
