"""`kargoweb doctor`: say what is missing before a promotion trips over it."""

import json
import os

import click


@click.command("doctor")
@click.option("-o", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(output: str) -> None:
    """Check database, broker, workers, tools and disk; exit 1 when promotions cannot run."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kargoweb.settings")
    import django

    # Not set_up_django: missing tables are a finding here, not the end.
    django.setup()
    from django.utils import timezone

    from kargoweb import doctor

    findings = doctor.examine(now=timezone.now())
    report = doctor.to_json(findings)
    if output == "json":
        click.echo(json.dumps(report, indent=2))
    else:
        for finding in findings:
            click.echo(f"{finding.state:8} {finding.name:11} {finding.evidence}")
            if finding.remedy:
                click.echo(f"{'':20} {finding.remedy}")
    raise SystemExit(0 if report["ok"] else 1)
