"""`kargoweb step docs`: the reference of the built-in steps as Markdown, made of what their modules say."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from promotions.steps.base import Effect
from promotions.steps.reference import ConfigField, StepReference, describe_step
from promotions.steps.registry import list_custom, list_steps

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples" / "steps"

_HEAD = """\
# Promotion steps

<!-- Made by `make docs` from the modules in promotions/steps; do not edit. -->

A step of a promotion template names its kind with `uses`. Every text in `config` may hold `${{ }}` expressions; what
is said below of types and rules holds for what they give. A field that is not in the table is refused.

```yaml
steps:
  - uses: git-clone          # the kind
    as: clone                # later steps read its output as outputs.clone
    if: ${{ vars.deploy }}   # skipped when false
    continueOnError: false   # true: a failure does not end the promotion
    retry:
      timeout: 10m           # for all tries together
      errorThreshold: 3      # how many errors in a row end it
    config: {}
```

A step ends as *Succeeded*, *Skipped* (there was nothing to do), *Failed* (the rules say no) or *Errored* (something
broke). Errors that may pass are tried again until there were as many as the error threshold says.

`kargoweb step schema KIND` prints the JSON schema of a config, `kargoweb step run KIND` runs a step in a directory.
Steps of your own: [how to write a step](../howto/write-a-step.md).
"""


def write_reference() -> str:
    """The whole page; steps of other packages are left out, so it is the same on every machine."""
    custom = {item.kind for item in list_custom()}
    described = [describe_step(step) for step in list_steps() if step.kind not in custom]
    index = [f"| [{step.kind}](#{step.kind}) | {step.summary} | {_EFFECTS[step.effect]} |" for step in described]
    table = "\n".join(["| Step | What it does | Effect |", "|---|---|---|", *index])
    sections = ["\n\n".join(_write_step(step)) for step in described]
    return "\n".join([_HEAD, table, "", *(f"{section}\n" for section in sections)])


_EFFECTS = {Effect.WORKSPACE: "in the work tree", Effect.OUTSIDE: "outside"}


def _write_step(step: StepReference) -> Iterator[str]:
    yield f"## {step.kind}"
    yield step.summary
    yield from step.paragraphs
    yield from _write_config(step)
    yield from _write_outputs(step)
    yield "\n".join(
        [
            f"- **Effect:** {_EFFECTS[step.effect]}.",
            f"- **Run again:** {step.rerun}",
            f"- **Errors:** {_say_threshold(step.error_threshold)}; {_say_timeout(step.timeout)}.",
            f"- **In a preview:** {step.preview}",
        ]
    )
    if step.differs:
        yield f"> **Differs from Kargo:** {step.differs}"
    example = EXAMPLES / f"{step.kind}.yaml"
    if example.is_file():
        yield f"```yaml\n{example.read_text().rstrip()}\n```"


def _write_config(step: StepReference) -> Iterator[str]:
    head = ["| Field | Type | Required | Default | Rules | Description |", "|---|---|---|---|---|---|"]
    yield "\n".join([*head, *(_write_field(item) for item in step.fields)])
    if step.rules:
        yield "\n".join(f"- {f'`{path}`: ' if path else ''}{rule}" for path, rule in step.rules)


def _write_field(item: ConfigField) -> str:
    default = f"`{item.default}`" if item.default else ""
    cells = (f"`{item.path}`", item.type, "yes" if item.is_required else "", default, ", ".join(item.rules))
    return f"| {' | '.join(_cell(text) for text in (*cells, item.description))} |"


def _write_outputs(step: StepReference) -> Iterator[str]:
    if not step.outputs:
        yield "It has no output."
        return
    rows = [f"| `{name}` | {_cell(text)} |" for name, text in step.outputs]
    yield "\n".join(["| Output | What it is |", "|---|---|", *rows])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _say_threshold(threshold: int) -> str:
    return "the first error ends it" if threshold == 1 else f"{threshold} errors in a row end it"


def _say_timeout(timeout: timedelta | None) -> str:
    if timeout is None:
        return "no time limit of its own"
    minutes, seconds = divmod(int(timeout.total_seconds()), 60)
    return f"after {minutes} min it is given up" if not seconds else f"after {int(timeout.total_seconds())} s"
