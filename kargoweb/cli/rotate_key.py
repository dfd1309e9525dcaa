"""`kargoweb rotate-key`: seal what is stored again with the newest key."""

import click

from kargoweb.cli.django_setup import set_up_django


@click.command("rotate-key")
def command() -> None:
    """Seal all secrets again with KARGOWEB_SECRET_KEY.

    They are read with that key, or with one of KARGOWEB_OLD_SECRET_KEYS. Everything may run meanwhile, as long as all
    processes know the new key and the old ones.
    """
    set_up_django()
    from kargoweb.key_rotation import rotate_all
    from projects.actors import OPERATOR

    results = rotate_all(OPERATOR)
    for result in results:
        click.echo(f"{result.what}: {result.sealed_again} sealed again")
        for name in result.unreadable:
            click.echo(f"  {name} cannot be read with any known key", err=True)
    if any(result.unreadable for result in results):
        raise click.ClickException(
            "Name the key they were sealed with in KARGOWEB_OLD_SECRET_KEYS and run this again, or set them anew."
        )
    click.echo("Done. KARGOWEB_OLD_SECRET_KEYS is not needed any more: unset it and restart all processes.")
