"""`kargoweb lint`: check manifests without a server and without a database."""

import json
from dataclasses import asdict

import click

from kargoweb.cli.manifest_files import print_problems, read_sources, recursive_option


@click.command("lint")
@click.argument("names", nargs=-1, required=True, metavar="FILE|DIR|-...")
@recursive_option
@click.option("-o", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(names: tuple[str, ...], recursive: bool, output: str) -> None:
    """Check manifests: fields, references among the given files, cycles, step kinds, configs, expressions.

    Exit code 1 when there are errors; warnings do not fail.
    """
    from promotions.changesets import lint_texts

    report = lint_texts(read_sources(names, recursive=recursive))
    if output == "json":
        findings = {"errors": report.errors, "warnings": report.warnings}
        listed = {severity: [asdict(problem) for problem in found] for severity, found in findings.items()}
        click.echo(json.dumps({"objects": report.objects, **listed}, indent=2))
    else:
        print_problems("warning: ", report.warnings)
        print_problems("", report.errors)
        counts = (("object", report.objects), ("error", len(report.errors)), ("warning", len(report.warnings)))
        click.echo(", ".join(f"{count} {word}{'' if count == 1 else 's'}" for word, count in counts))
    raise SystemExit(1 if report.errors else 0)
