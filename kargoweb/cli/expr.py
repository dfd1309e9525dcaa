"""`kargoweb expr`: evaluate expressions and templates outside a promotion; needs no database."""

import json
import sys
from pathlib import Path
from typing import Any

import click


@click.command("expr")
@click.argument("source", required=False)
@click.option(
    "--env",
    "env_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="JSON or YAML file of variables.",
)
@click.option("--template", "is_template", is_flag=True, help="SOURCE is a template with ${{ }} in it.")
@click.option(
    "--batch",
    is_flag=True,
    help='Read JSON lines {"id", "expr" or "template", "env"}; write {"id", "value" or "error"}.',
)
def command(source: str | None, env_file: Path | None, is_template: bool, batch: bool) -> None:
    """Evaluate SOURCE and print the value as JSON; an error prints the place and exits with 1."""
    if batch:
        for line in sys.stdin:
            if line.strip():
                click.echo(json.dumps(_answer(line)))
        return
    if source is None:
        raise click.UsageError("give an expression, or --batch with JSON lines on standard input")
    from expressions import ExpressionError

    try:
        value = _evaluate(source, _read_env(env_file), is_template=is_template)
    except ExpressionError as error:
        click.echo(str(error), err=True)
        raise SystemExit(1) from error
    click.echo(json.dumps(value, ensure_ascii=False))


def _answer(line: str) -> dict[str, Any]:
    from expressions import ExpressionError

    try:
        case = json.loads(line)
    except json.JSONDecodeError as error:
        return {"id": None, "error": f"not a JSON object: {error}"}
    is_template = "template" in case
    try:
        source = case["template" if is_template else "expr"]
        return {
            "id": case.get("id"),
            "value": _evaluate(source, case.get("env") or {}, is_template=is_template),
        }
    except KeyError:
        return {"id": case.get("id"), "error": 'give "expr" or "template"'}
    except ExpressionError as error:
        return {"id": case.get("id"), "error": str(error)}


def _evaluate(source: str, env: dict[str, Any], *, is_template: bool) -> Any:
    from expressions import evaluate, render, to_json

    return to_json(render(source, env) if is_template else evaluate(source, env))


def _read_env(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        env = YAML(typ="safe").load(path.read_text())
    except YAMLError as error:
        raise click.BadParameter(f"{path} is neither JSON nor YAML: {error}", param_hint="--env") from error
    if not isinstance(env, dict):
        raise click.BadParameter(f"{path} must hold an object of variables", param_hint="--env")
    return env
