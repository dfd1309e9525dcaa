"""`kargoweb step`: list steps, print a schema, run one step in a directory; needs no database and no server."""

import json
import sys
from pathlib import Path
from typing import Any

import click


@click.group("step")
def command() -> None:
    """Look at promotion steps and try them."""


@command.command("list")
@click.option("-o", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def list_command(output: str) -> None:
    """List the kinds of steps."""
    from promotions.steps.registry import list_steps

    steps = list_steps()
    if output == "json":
        rows = [{"name": s.kind, "effect": s.effect, "outputs": dict(s.outputs), "rerun": s.rerun} for s in steps]
        click.echo(json.dumps(rows, indent=2))
        return
    width = max(len(step.kind) for step in steps)
    for step in steps:
        click.echo(f"{step.kind:{width}}  {step.effect:9}  {', '.join(step.outputs)}".rstrip())


@command.command("schema")
@click.argument("name")
def schema(name: str) -> None:
    """Print the JSON schema of a step's config."""
    from promotions.steps.registry import find_step

    step = find_step(name)
    if step is None:
        raise click.BadParameter(f'there is no step "{name}"; see `kargoweb step list`', param_hint="NAME")
    click.echo(json.dumps(step.config.model_json_schema(by_alias=True), indent=2))


@command.command("run")
@click.argument("name", required=False)
@click.option(
    "--config",
    "config_file",
    type=click.File("r"),
    help="The evaluated config, JSON or YAML; - is standard input.",
)
@click.option("--workdir", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Work tree.")
@click.option(
    "--context",
    "context_file",
    type=click.File("r"),
    help="JSON: ctx, vars, outputs, freight, credentials, ...",
)
@click.option("-o", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--batch", is_flag=True, help='Read JSON lines {"id", "step", "config", "workdir", "context"}.')
def run(
    name: str | None, config_file: Any, workdir: Path | None, context_file: Any, output: str, batch: bool
) -> None:
    """Run one step; its config may hold ${{ }}, evaluated with what the context gives."""
    from kargoweb.trial import run_trial

    if batch:
        for line in sys.stdin:
            if line.strip():
                case = json.loads(line)
                trial = run_trial(
                    case["step"], case.get("config") or {}, Path(case["workdir"]), case.get("context") or {}
                )
                answer = {
                    "id": case.get("id"),
                    "status": trial.status,
                    "output": trial.output,
                    "message": trial.message,
                }
                click.echo(json.dumps(answer))
        return
    if name is None or workdir is None:
        raise click.UsageError("give NAME and --workdir, or --batch with JSON lines on standard input")
    trial = run_trial(name, _load(config_file), workdir, _load(context_file))
    if output == "json":
        click.echo(
            json.dumps({"status": trial.status, "output": trial.output, "message": trial.message, "log": trial.log})
        )
    else:
        click.echo("\n".join([*trial.log, f"{trial.status}{': ' + trial.message if trial.message else ''}"]))
        if trial.output is not None:
            click.echo(json.dumps(trial.output, indent=2))
    raise SystemExit(0 if trial.status in ("Succeeded", "Skipped", "Running") else 1)


def _load(file: Any) -> dict[str, Any]:
    if file is None:
        return {}
    from ruamel.yaml import YAML

    loaded = YAML(typ="safe").load(file.read())
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise click.BadParameter(f"{file.name} must hold an object")
    return loaded
