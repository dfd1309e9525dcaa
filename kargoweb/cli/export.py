"""`kargoweb export`: write a project as files that apply reads."""

from pathlib import Path

import click

from kargoweb.cli.django_setup import set_up_django


@click.command("export")
@click.argument("project")
@click.option(
    "-o",
    "--output",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    help="Directory to write to, one file for each kind; without it, one text on standard output.",
)
def command(project: str, directory: Path | None) -> None:
    """Write PROJECT as YAML, with the comments of the files it was applied from. Freight is left out."""
    set_up_django()
    from projects.models import Project
    from promotions.changesets import export_project

    row = Project.objects.filter(name=project).first()
    if row is None:
        names = ", ".join(Project.objects.values_list("name", flat=True)) or "none"
        raise click.ClickException(f'There is no project "{project}". Projects: {names}.')
    files = export_project(row)
    if directory is None:
        click.echo("---\n".join(text for _, text in files), nl=False)
        return
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, text in files:
            (directory / name).write_text(text, encoding="utf-8")
            click.echo(directory / name)
    except OSError as error:
        raise click.ClickException(f'"{directory}" cannot be written: {error.strerror}.') from error
