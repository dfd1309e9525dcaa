"""What the steps share that read values out of a file: their config, and the expressions over the document.

Source: Kargo code `yaml_parser.go`, `json_parser.go`, `toml_parser.go`.
Differs: a byte order mark is no error.
"""

from collections.abc import Callable, Mapping
from typing import Any, cast

from pydantic import Field

from expressions import ExpressionError, evaluate, to_json
from promotions.files.documents import read_document
from promotions.files.errors import DocumentError
from promotions.steps.base import Done, StepConfig, StepContext, StepErrored

OUTPUTS = {"<name>": "One key for each entry of outputs: the value of its expression."}


class ParseOutput(StepConfig):
    name: str = Field(min_length=1, description="Key in the output.")
    from_expression: str = Field(
        min_length=1,
        description="Expression, without ${{ }}: the document's top-level keys are variables, $env is all of it.",
    )


class ParseConfig(StepConfig):
    path: str = Field(min_length=1, description="The file to read, relative to the work tree.")
    outputs: list[ParseOutput] = Field(min_length=1, description="What to take from the file.")


class _ListRoot(list[Any]):
    """A document whose root is a list, as an environment: `$env` is the list, other names are nil."""

    def get(self, name: str, default: object = None) -> object:
        return default

    def items(self) -> tuple[()]:
        return ()


def run_parse(context: StepContext, config: ParseConfig, *, format_name: str, read: Callable[[bytes], Any]) -> Done:
    """Read the file and evaluate all outputs. Raises StepErrored."""
    try:
        document = read(read_document(context.path(config.path), format_name=format_name))
    except DocumentError as error:
        raise StepErrored(f'Cannot read "{config.path}": {error}') from error
    except (FileNotFoundError, NotADirectoryError) as error:
        raise StepErrored(f'Cannot read "{config.path}": it does not exist.') from error
    scope = _scope_of(document, config.path)
    output = {}
    for wanted in config.outputs:
        try:
            output[wanted.name] = to_json(evaluate(wanted.from_expression, scope))
        except ExpressionError as error:
            raise StepErrored(f'"{config.path}", output "{wanted.name}": {error}') from error
    context.log(f"{config.path}: read {', '.join(output)}", "info")
    return Done(output)


def _scope_of(document: Any, path: str) -> Mapping[str, object]:
    if isinstance(document, dict):
        return document
    if isinstance(document, list):
        return cast("Mapping[str, object]", _ListRoot(document))
    if document is None:
        return {}
    raise StepErrored(f'Cannot read "{path}": its root is a single value; a map or a list is needed.')
