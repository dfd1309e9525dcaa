"""changelog-entry: put a line about what is promoted at the top of a changelog in the work tree.

The line names the images of the freight. A changelog that does not exist is made.
"""

from pydantic import Field

from promotions.steps.base import Done, Effect, Step, StepConfig, StepContext, StepFailed
from promotions.steps.capabilities import given


class Config(StepConfig):
    """Fields are camelCase in YAML: `max_lines` is written maxLines."""

    path: str = Field("CHANGELOG.md", min_length=1, description="The file, relative to the work tree.")
    title: str = Field(min_length=1, description="What the line says first, for example the stage.")
    max_lines: int = Field(1000, ge=1, description="A longer changelog is refused.")


def run(context: StepContext, config: Config) -> Done:
    """Running it twice leaves one line, so an interrupted promotion can go on with this step."""
    file = context.path(config.path)
    lines = file.read_text().splitlines() if file.exists() else []
    if len(lines) > config.max_lines:
        raise StepFailed(f"{config.path} has {len(lines)} lines, and maxLines is {config.max_lines}")
    references = given(context.can.freight).list_references()
    versions = [f"{image.repo_url}:{image.tag}" for reference in references for image in reference.images]
    entry = f"- {config.title}: {', '.join(versions) or 'no images'}"
    if entry not in lines[:1]:
        file.write_text("\n".join([entry, *lines]) + "\n")
    context.log(f"{config.path}: {entry}", "info")
    return Done({"entry": entry})


STEP = Step(
    "changelog-entry",
    Config,
    run,
    effect=Effect.WORKSPACE,
    rerun="Leaves the line that is there.",
    outputs={"entry": "The line."},
    needs=("freight",),
)
