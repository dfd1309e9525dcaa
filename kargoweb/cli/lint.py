"""`kargoweb lint`: check manifests without a server and without a database."""

import json
from typing import TYPE_CHECKING, Any

import click

from kargoweb.cli.manifest_files import read_sources, recursive_option

if TYPE_CHECKING:
    from promotions.changesets import LintReport, Problem


@click.command("lint")
@click.argument("names", nargs=-1, required=True, metavar="FILE|DIR|-...")
@recursive_option
@click.option("-o", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--strict", is_flag=True, help="Let warnings fail too.")
def command(names: tuple[str, ...], recursive: bool, output: str, strict: bool) -> None:
    """Check manifests: fields, references among the given files, cycles, step kinds, configs, expressions.

    Exit code 1 when there are errors; warnings fail with --strict only. The rules are in docs/reference/lint.md.
    """
    from kargoweb.cli.custom_steps import allow_custom_steps
    from promotions.changesets import lint_texts

    allow_custom_steps()
    report = lint_texts(read_sources(names, recursive=recursive))
    findings = _in_order(report)
    if output == "json":
        click.echo(json.dumps([_to_json(severity, problem) for severity, problem in findings], indent=2))
    else:
        for severity, problem in findings:
            _print(severity, problem)
        counts = (("object", report.objects), ("error", len(report.errors)), ("warning", len(report.warnings)))
        click.echo(", ".join(f"{count} {word}{'' if count == 1 else 's'}" for word, count in counts))
    raise SystemExit(1 if report.errors or (strict and report.warnings) else 0)


def _in_order(report: "LintReport") -> list[tuple[str, "Problem"]]:
    """Errors and warnings together, by file and place."""
    marked = [("error", problem) for problem in report.errors] + [("warning", p) for p in report.warnings]
    return sorted(marked, key=lambda item: (item[1].file, item[1].line, item[1].column, item[0], item[1].message))


def _to_json(severity: str, problem: "Problem") -> dict[str, Any]:
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "severity": severity,
        "rule": problem.rule,
        "message": problem.message,
        "hint": problem.hint,
        "excerpt": problem.excerpt,
    }


def _print(severity: str, problem: "Problem") -> None:
    """`file:line:column: severity: message [rule]`, the expression with a caret, and the hint; on standard error."""
    place = f"{problem.file}:{problem.line}:{problem.column}:"
    click.echo(f"{place} {severity}: {problem.message} [{problem.rule}]", err=True)
    for line in problem.excerpt.split("\n") if problem.excerpt else ():
        click.echo(f"  {line}", err=True)
    if problem.hint:
        click.echo(f"    {problem.hint}", err=True)
