"""`kargoweb apply`: create or update what manifests describe, all or nothing."""

import click

from kargoweb.cli.django_setup import set_up_django
from kargoweb.cli.manifest_files import print_problems, read_sources, recursive_option


@click.command("apply")
@click.option(
    "-f",
    "--filename",
    "names",
    multiple=True,
    required=True,
    metavar="FILE|DIR|-",
    help="File, directory or - for standard input; may be repeated.",
)
@recursive_option
@click.option("--dry-run", is_flag=True, help="Print the differences and change nothing.")
def command(names: tuple[str, ...], recursive: bool, dry_run: bool) -> None:
    """Create or update what manifests describe; one line an object.

    If anything is wrong, all problems are printed, nothing is changed and the exit code is 1.
    """
    sources = read_sources(names, recursive=recursive)
    set_up_django()
    from django.utils import timezone

    from projects.actors import OPERATOR
    from projects.errors import DomainError
    from promotions.changesets import apply_changes, plan_changes

    change_set = plan_changes(sources)
    print_problems("warning: ", change_set.warnings)
    if change_set.errors:
        print_problems("", change_set.errors)
        raise SystemExit(1)
    if not change_set.changes:
        raise click.ClickException("There is nothing to apply: the files hold no object.")
    if not dry_run:
        try:
            apply_changes(OPERATOR, change_set, now=timezone.now())
        except DomainError as refusal:
            raise click.ClickException(refusal.message) from refusal
    for change in change_set.changes:
        click.echo(str(change))
        if dry_run and change.diff:
            click.echo(change.diff, nl=False)
