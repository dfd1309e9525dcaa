"""`kargoweb step`: list steps, print a schema or the reference, run one step; needs no database and no server."""

import json
import sys
from pathlib import Path
from typing import Any

import click


@click.group("step")
def command() -> None:
    """Look at promotion steps and try them."""
    from kargoweb.cli.custom_steps import allow_custom_steps

    allow_custom_steps()


@command.command("list")
@click.option("-o", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def list_command(output: str) -> None:
    """List the kinds of steps; those of other packages are marked."""
    from kargoweb.cli.step_list import list_rows, print_table

    if output == "json":
        click.echo(json.dumps(list_rows(), indent=2))
    else:
        print_table()


@command.command("schema")
@click.argument("name")
def schema(name: str) -> None:
    """Print the JSON schema (draft 2020-12) of a step's config."""
    from promotions.steps.registry import explain_unknown, find_step
    from promotions.steps.schema import config_schema

    step = find_step(name)
    if step is None:
        raise click.BadParameter(f"there is no step of this name: {explain_unknown(name)}", param_hint="NAME")
    click.echo(json.dumps(config_schema(step), indent=2))


@command.command("docs")
def docs() -> None:
    """Print the reference of all built-in steps as Markdown; it is docs/reference/steps.md."""
    from kargoweb.cli.step_docs import write_reference

    click.echo(write_reference(), nl=False)


@command.command("run")
@click.argument("name", required=False)
@click.option(
    "--config",
    "config_file",
    type=click.File("r"),
    help="The config, JSON or YAML, with or without ${{ }}; - is standard input.",
)
@click.option("--workdir", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Work tree.")
@click.option(
    "--context",
    "context_file",
    type=click.File("r"),
    help="JSON or YAML: ctx, vars, outputs, freight, credentials, ...",
)
@click.option("-o", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--batch", is_flag=True, help='Read JSON lines {"id", "step", "config", "workdir", "context"}.')
def run(
    name: str | None, config_file: Any, workdir: Path | None, context_file: Any, output: str, batch: bool
) -> None:
    """Run one step; its config may hold ${{ }}, evaluated with what the context gives."""
    if batch:
        from kargoweb.cli.step_batch import run_cases

        for line in run_cases(sys.stdin.buffer):
            click.echo(line)
        return
    if name is None or workdir is None:
        raise click.UsageError("give NAME and --workdir, or --batch with JSON lines on standard input")
    from kargoweb.trial import run_trial

    trial = run_trial(name, _load(config_file, "--config"), workdir, _load(context_file, "--context"))
    if output == "json":
        click.echo(
            json.dumps({"status": trial.status, "output": trial.output, "message": trial.message, "log": trial.log})
        )
    else:
        click.echo("\n".join([*trial.log, f"{trial.status}{': ' + trial.message if trial.message else ''}"]))
        if trial.output is not None:
            click.echo(json.dumps(trial.output, indent=2))
    raise SystemExit(0 if trial.status in ("Succeeded", "Skipped", "Running") else 1)


def _load(file: Any, option: str) -> dict[str, Any]:
    if file is None:
        return {}
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        loaded = YAML(typ="safe").load(file.read())
    except YAMLError as error:
        raise click.BadParameter(f"{file.name} is neither JSON nor YAML: {error}", param_hint=option) from error
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise click.BadParameter(f"{file.name} must hold an object", param_hint=option)
    return loaded
