"""`kargoweb webhooks`: print the receivers and the addresses senders must use."""

import click

from kargoweb.cli.django_setup import set_up_django


@click.command("webhooks")
@click.argument("project", required=False)
def command(project: str | None) -> None:
    """Print the webhook receivers of PROJECT, or those of the whole site, one a line: name, sender, address.

    The address is a secret. A receiver without one says why.
    """
    set_up_django()
    from django.conf import settings

    from freight.receivers.addresses import list_configured
    from projects.models import Project

    row = Project.objects.filter(name=project).first() if project else None
    if project and row is None:
        names = ", ".join(Project.objects.values_list("name", flat=True)) or "none"
        raise click.ClickException(f'There is no project "{project}". Projects: {names}.')
    for item in list_configured(row):
        address = f"{settings.BASE_URL}{item.path}" if item.path else f"no address: {item.problem}"
        click.echo(f"{item.name}\t{item.sender.name}\t{address}")
